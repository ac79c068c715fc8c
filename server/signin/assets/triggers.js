// Buttons that a script of Kratos' acts on: its name for what to do stands on the button, because a page runs no script in its markup.
for (const b of document.querySelectorAll('[data-trigger]')) {
  b.addEventListener('click', () => window[b.dataset.trigger] && window[b.dataset.trigger]());
}
