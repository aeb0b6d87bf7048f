for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const heading = button.parentElement;
    const column = heading.cellIndex;
    const body = heading.closest("table").tBodies[0];
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => {
      const cell = row.cells[column];
      return "number" in cell.dataset ? Number(cell.dataset.number) : cell.textContent;
    };
    const compare = (a, b) =>
      typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a).localeCompare(String(b), "en", { numeric: true });
    const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(value(a), value(b)));
    body.append(...rows);
  });
}
for (const slider of document.querySelectorAll(".slider")) {
  const range = slider.querySelector("input");
  const stops = JSON.parse(range.dataset.stops);
  const table = slider.nextElementSibling.querySelector("table");
  const show = () => {
    const stop = stops[range.value];
    slider.querySelector("output").textContent = stop;
    for (const row of table.tBodies[0].rows)
      row.classList.toggle("off", "step" in row.dataset && Number(row.dataset.step) !== stop);
  };
  table.classList.add("stepped");
  range.addEventListener("input", show);
  slider.hidden = false;
  show();
}
