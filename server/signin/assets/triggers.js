// Buttons that call a function of Kratos' script. The button has the function's name in an attribute, because the page's rules forbid
// scripts in the markup.
for (const b of document.querySelectorAll('[data-trigger]')) {
  b.addEventListener('click', () => window[b.dataset.trigger] && window[b.dataset.trigger]());
}
