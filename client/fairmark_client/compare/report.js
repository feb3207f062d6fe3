const rows = [...document.querySelectorAll(".row")];
const words = document.getElementById("words");
const who = document.getElementById("who");
const label = document.getElementById("label");
const texts = rows.map((row) => row.textContent.toLowerCase());

function shown(row, place) {
  const [second, first] = who.value.split(">").map(Number);
  const shares = row.dataset.shares.split(" ").map(Number);
  const asked = who.value === "" || shares[second] > shares[first];
  const classed = !label || label.value === "" || row.dataset.expected === label.value;
  return asked && classed && texts[place].includes(words.value.toLowerCase());
}

function filter() {
  let count = 0;
  rows.forEach((row, place) => {
    row.hidden = !shown(row, place);
    count += row.hidden ? 0 : 1;
  });
  document.getElementById("count").textContent = `${count} of ${rows.length} rows`;
}

document.getElementById("filters")?.addEventListener("input", filter);
if (rows.length) filter();
