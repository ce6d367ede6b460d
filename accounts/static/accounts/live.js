/* Parts of a page that are asked for again and again, marked [data-live], wait while nobody looks. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-live]")) event.preventDefault();
});
