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
const slider = document.querySelector(".slider");
if (slider) {
  const table = slider.nextElementSibling.querySelector("table");
  const stops = JSON.parse(slider.querySelector("input").dataset.stops);
  for (const pictures of document.querySelectorAll(".pictures"))
    if (pictures.querySelector(".mark")) pictures.before(slider.cloneNode(true));
  const sliders = document.querySelectorAll(".slider");
  const show = (place) => {
    const stop = stops[place];
    for (const each of sliders) {
      each.querySelector("input").value = place;
      each.querySelector("output").textContent = stop;
    }
    for (const row of table.tBodies[0].rows)
      row.classList.toggle("off", "step" in row.dataset && Number(row.dataset.step) !== stop);
    for (const mark of document.querySelectorAll(".mark"))
      mark.classList.toggle("on", Number(mark.dataset.step) === stop);
  };
  table.classList.add("stepped");
  for (const each of sliders) {
    each.addEventListener("input", (event) => show(event.target.value));
    each.hidden = false;
  }
  show(slider.querySelector("input").value);
}
