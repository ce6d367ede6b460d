/* Light, dark, or as the system says.
 *
 * Loaded in <head> without `defer`, so that the theme stands before the first paint.
 * The choice is kept in this browser only. Buttons: <button data-theme="light|dark|system">
 * inside an element with [data-theme-switch], which stays hidden without this script.
 */
(() => {
  "use strict";

  const root = document.documentElement;
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return localStorage.getItem("theme") ?? "system";
    } catch {
      return "system"; // storage is blocked
    }
  }

  function apply(choice) {
    const dark = choice === "dark" || (choice !== "light" && systemIsDark.matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
    for (const button of document.querySelectorAll("button[data-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === choice));
    }
  }

  apply(stored());
  systemIsDark.addEventListener("change", () => apply(stored()));

  document.addEventListener("DOMContentLoaded", () => {
    for (const themeSwitch of document.querySelectorAll("[data-theme-switch]")) {
      themeSwitch.hidden = false;
    }
    apply(stored());
  });

  // On paper it is light, whatever it is on the screen.
  window.addEventListener("beforeprint", () => {
    root.dataset.bsTheme = "light";
  });
  window.addEventListener("afterprint", () => apply(stored()));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-theme]");
    if (!button) return;
    try {
      localStorage.setItem("theme", button.dataset.theme);
    } catch {
      // Kept for this page only.
    }
    apply(button.dataset.theme);
  });
})();
