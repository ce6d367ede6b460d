/* Starts Swagger UI on the address in data-openapi. What is pasted stays in this tab's memory. */

const root = document.getElementById("swagger-ui");

window.SwaggerUIBundle({
  domNode: root,
  url: root.dataset.openapi,
  // Nobody else's service is told what is looked at here.
  validatorUrl: null,
  persistAuthorization: false,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  displayRequestDuration: true,
});
