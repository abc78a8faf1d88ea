"use strict";
(function () {
  var root = document.documentElement;
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var buttons = document.querySelectorAll(".switch button");
  function draw(place) {
    var figure = figures[place.id][root.dataset.lang];
    Plotly.react(place, figure.data, figure.layout, { displayModeBar: false, responsive: true });
  }
  function show(language) {
    root.dataset.lang = language;
    root.lang = language === "zh" ? "zh-CN" : "en";
    document.title = document.querySelector("h1 [lang=" + (language === "zh" ? "zh-CN" : "en") + "]").textContent;
    buttons.forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.value === language));
    });
    document.querySelectorAll(".plot").forEach(function (place) {
      if (place.offsetParent !== null) draw(place);
    });
  }
  buttons.forEach(function (button) {
    button.addEventListener("click", function () { show(button.value); });
  });
  document.querySelectorAll("details").forEach(function (one) {
    one.addEventListener("toggle", function () {
      if (one.open) one.querySelectorAll(".plot").forEach(draw);
    });
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
  show(root.dataset.lang);
})();
