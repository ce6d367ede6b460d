/* The few keys: "/" goes to the search, Ctrl+S saves, "?" lists them.
 *
 * Loaded only for who has not switched them off (WCAG 2.1.4). Single keys do nothing while
 * somebody types.
 */
(() => {
  "use strict";

  const TYPED_IN = "input, textarea, select, [contenteditable]";

  function save(event) {
    const form = document.querySelector("form[data-unsaved]");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  }

  function search(event) {
    const field = document.querySelector("main input[type=search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  }

  document.addEventListener("keydown", (event) => {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && !event.altKey && event.key.toLowerCase() === "s") {
      save(event);
      return;
    }
    if (isCommand || event.altKey || event.target.closest(TYPED_IN)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "/") search(event);
    if (event.key === "?") document.querySelector("[data-dialog-open='#shortcuts']").click();
  });
})();
