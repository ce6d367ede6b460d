/* Says what of a form is not saved yet.
 *
 * A form with [data-unsaved] is compared with how it came from the server. Fields that differ are
 * marked, [data-unsaved-state] names them, [data-unsaved-discard] takes them back, and the browser
 * asks before the page is left. What the server put there unsaved, after it refused it, counts as
 * changed from the start: such a page has [data-unsaved-from-start].
 */
(() => {
  "use strict";

  const form = document.querySelector("form[data-unsaved]");
  if (!form) return;
  const state = form.querySelector("[data-unsaved-state]");
  const discard = form.querySelector("[data-unsaved-discard]");
  const fromStart = form.hasAttribute("data-unsaved-from-start");
  let isLeaving = false;

  function isChanged(control) {
    if (control.type === "checkbox" || control.type === "radio") {
      return control.checked !== control.defaultChecked;
    }
    if (control.tagName === "SELECT") {
      return [...control.options].some((option) => option.selected !== option.defaultSelected);
    }
    return control.type !== "hidden" && "defaultValue" in control && control.value !== control.defaultValue;
  }

  function labelOf(field) {
    const label = field.querySelector(":scope > legend, :scope > label, :scope > summary");
    // Without "optional" and numbers, which are muted parts of it.
    return label ? label.firstChild.textContent.trim() : "";
  }

  function look() {
    const changed = [...form.elements].filter(isChanged);
    const fields = new Set(changed.map((control) => control.closest(".choices") ?? control.closest(".field")));
    for (const field of form.querySelectorAll(".is-unsaved")) {
      if (!fields.has(field)) field.classList.remove("is-unsaved");
    }
    for (const field of fields) field?.classList.add("is-unsaved");
    const names = [...fields].filter(Boolean).map(labelOf).filter(Boolean);
    const text = names.length ? `${state.dataset.unsavedLabel} ${[...new Set(names)].join(", ")}` : "";
    if (state.textContent !== text) state.textContent = text;
    const hasUnsaved = fromStart || fields.size > 0;
    form.classList.toggle("has-unsaved", hasUnsaved);
    discard.hidden = fields.size === 0;
    return hasUnsaved;
  }

  form.addEventListener("input", look);
  form.addEventListener("change", look);
  form.addEventListener("submit", () => {
    isLeaving = true;
  });
  form.addEventListener("reset", () => {
    // The fields have their old values only after the event.
    setTimeout(() => {
      look();
      for (const control of form.querySelectorAll("input, textarea, select")) {
        if (control.type === "checkbox" || control.type === "radio") {
          control.dispatchEvent(new Event("change", { bubbles: true }));
          break;
        }
      }
      form.querySelector("[name=parameter_sets]")?.dispatchEvent(new Event("change", { bubbles: true }));
      form.querySelector("input, textarea, select")?.focus();
    });
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && look()) event.preventDefault();
  });
  look();
})();
