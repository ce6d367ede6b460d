/* Links that open their page in a dialog.
 *
 *   <a href="/account/people/invite/" data-dialog>Invite person</a>
 *
 * Without this script the link opens its page. With it, the part of that page marked
 * [data-dialog-content] is fetched by htmx into the one <dialog id="dialog"> of base.html;
 * an answer without such a part (the session has ended) is opened as a page. The view needs to
 * know nothing of it. A <dialog> that is in the page already opens by
 * <button data-dialog-open="#id">. Buttons with [data-dialog-close], Esc and a click beside
 * the dialog close it; links with [data-dialog-close] do too instead of leaving the page.
 * Focus moves in, stays in, and goes back to what opened it.
 */
(() => {
  "use strict";

  const openers = new WeakMap();

  function open(dialog, opener) {
    const heading = dialog.querySelector("h1, h2");
    if (heading) {
      heading.id ||= `${dialog.id}-heading`;
      dialog.setAttribute("aria-labelledby", heading.id);
    }
    openers.set(dialog, opener);
    if (!dialog.open) dialog.showModal();
    const first = dialog.querySelector(
      "[autofocus], .field-invalid :is(input, select, textarea), " +
        "form :is(input:not([type=hidden]), select, textarea)",
    );
    (first ?? dialog).focus();
  }

  async function openPage(link) {
    const dialog = document.getElementById("dialog");
    const content = dialog.querySelector("[data-dialog-slot]");
    content.replaceChildren();
    try {
      await window.htmx.ajax("GET", link.href, {
        source: link,
        target: content,
        select: "[data-dialog-content]",
        swap: "innerHTML",
      });
    } catch {
      // Offline: the page itself says it better.
    }
    if (content.childElementCount) {
      open(dialog, link);
    } else {
      window.location.assign(link.href);
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.matches("dialog[open]")) {
      // The backdrop counts as the dialog itself, its padding belongs to what is in it.
      event.target.close();
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer?.closest("dialog[open]")) {
      event.preventDefault();
      closer.closest("dialog").close();
      return;
    }
    const button = event.target.closest("[data-dialog-open]");
    if (button) {
      open(document.querySelector(button.dataset.dialogOpen), button);
      return;
    }
    const link = event.target.closest("a[data-dialog]");
    const plainClick = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (link && plainClick && window.htmx) {
      event.preventDefault();
      openPage(link);
    }
  });

  document.addEventListener(
    "close",
    (event) => {
      openers.get(event.target)?.focus();
    },
    true, // "close" does not bubble
  );
})();
