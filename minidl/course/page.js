// The verdict table shows the rows that fit both choices.
const selects = [...document.querySelectorAll(".filters select")];
const rows = [...document.querySelectorAll("#verdicts tr[data-verdict]")];
function filter() {
  const [documentName, verdict] = selects.map((select) => select.value);
  for (const row of rows) {
    const fits = (!documentName || row.dataset.documents.split(" ").includes(documentName))
      && (!verdict || row.dataset.verdict === verdict);
    row.hidden = !fits;
  }
  const shown = rows.filter((row) => !row.hidden).length;
  document.querySelector("#shown").textContent = `${shown} of ${rows.length} items`;
}
selects.forEach((select) => select.addEventListener("change", filter));
filter();
