/* Draws the table #usage-days as stacked bars; where it has links, a bar leads to the requests of
 * its day. The table can be in the page from the start, or come later by htmx.
 */
(() => {
  "use strict";

  const TONES = ["--wh-positive", "--wh-warning", "--wh-negative"];
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(canvas) {
    const rows = [...document.querySelectorAll("#usage-days tbody tr")].reverse();
    const names = [...document.querySelectorAll("#usage-days thead th")].slice(1);
    canvas.hidden = false;
    const chart = new window.Chart(canvas, {
      type: "bar",
      data: {
        labels: rows.map((row) => row.dataset.label),
        datasets: names.map((name, index) => ({
          label: name.textContent,
          data: rows.map((row) => Number(row.cells[index + 1].dataset.value)),
        })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: {
            stacked: true,
            grid: { display: false },
            ticks: { maxRotation: 0, autoSkipPadding: 16 },
          },
          y: { stacked: true, beginAtZero: true, ticks: { precision: 0 } },
        },
        plugins: { legend: { position: "bottom" } },
        onClick: (_event, hit) => {
          if (hit.length) rows[hit[0].index].querySelector("a")?.click();
        },
      },
    });

    function paint() {
      const text = colour("--bs-secondary-color");
      const line = colour("--bs-border-color");
      chart.data.datasets.forEach((set, index) => {
        set.backgroundColor = colour(TONES[index]);
      });
      for (const scale of Object.values(chart.options.scales)) {
        scale.ticks.color = text;
        scale.grid.color = line;
      }
      chart.options.plugins.legend.labels.color = text;
      chart.update();
    }

    paint();
    // Somebody chooses another theme, or their system does.
    new MutationObserver(paint).observe(document.documentElement, { attributes: true });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  }

  // For the page, and for each part that comes later.
  document.addEventListener("htmx:load", (event) => {
    const canvas = event.detail.elt.querySelector("#usage-chart[hidden]");
    if (canvas) draw(canvas);
  });
})();
