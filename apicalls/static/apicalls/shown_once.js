/* A secret that is shown this once is not left by accident: the browser asks first. */
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("[data-shown-once]")) event.preventDefault();
});
