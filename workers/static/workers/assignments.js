/* Marks the cells of the assignment grid that differ from what is saved, and asks before the
 * page is left with them. Everything else is the server's: without this script the page works,
 * and says on saving what has changed.
 */
(() => {
  "use strict";

  const form = document.getElementById("assignments");
  const bar = form?.querySelector("[data-assignments-save]");
  if (!bar) return;
  const cells = form.querySelectorAll(".assignment > select");
  // The page may show input that is not saved yet: then the server has marked it.
  const saved = new Map();
  for (const select of cells) {
    saved.set(select, select.parentElement.classList.contains("is-changed") ? null : select.value);
  }
  let isLeaving = false;

  function mark() {
    let changed = 0;
    for (const select of cells) {
      const differs = select.value !== saved.get(select);
      select.parentElement.classList.toggle("is-changed", differs);
      changed += differs;
    }
    bar.classList.toggle("is-changed", changed > 0);
    return changed;
  }

  // A browser that comes back to the page fills in what was chosen before.
  window.addEventListener("pageshow", mark);
  form.addEventListener("change", mark);
  form.addEventListener("submit", () => {
    isLeaving = true;
  });
  form.querySelector("[data-assignments-discard]")?.addEventListener("click", () => {
    isLeaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && mark()) event.preventDefault();
  });
})();
