(() => {
  "use strict";
  const contents = document.querySelector(".contents details");
  if (contents && matchMedia("(max-width: 64rem)").matches) {
    contents.removeAttribute("open");
  }

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "aside";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      // A report writes a command behind a prompt.
      const text = block.querySelector("code").textContent.replace(/^\$ /, "").replace(/\n$/, "");
      button.textContent = (await copied(text)) ? "Copied" : "Not copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
    block.append(button);
  }

  // A chart that would be too small to read as a whole is shown in full size, and moved under the finger.
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg");
    const natural = Number(svg.getAttribute("width"));
    const room = figure.clientWidth;
    if (natural <= room) {
      continue;
    }
    const whole = natural * 0.7 <= room;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "size";
    const show = (whole) => {
      figure.classList.toggle("whole", whole);
      button.textContent = whole ? "Full size" : "As a whole";
      const start = svg.querySelector(".start").getBoundingClientRect();
      const left = start.left + start.width / 2 - figure.getBoundingClientRect().left;
      figure.scrollLeft += left - room / 2;
    };
    button.addEventListener("click", () => show(!figure.classList.contains("whole")));
    show(whole);
    figure.before(button);
  }
})();
