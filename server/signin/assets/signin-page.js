// The script of Nidan's own sign-in page. It passes its form to the module, and adds what only this page needs.
import { signIn } from './nidan.js';
import './triggers.js';

const page = JSON.parse(document.getElementById('page').textContent);
const $ = (id) => document.getElementById(id);

const running = signIn($('password-step'), {
  flow: page.flow, locale: page.locale, prefix: '', title: $('title'), startAgain: page.start_new, mail: page.mail,
  heading: page.second ? 'two_step' : 'sign_in',
});

for (const b of document.querySelectorAll('[data-locale]')) {
  b.addEventListener('click', async () => {
    const { locale } = b.dataset;
    document.cookie = `${page.locale_cookie}=${locale}; path=/; max-age=31536000; samesite=lax`;
    await running.setLocale(locale);
    for (const e of document.querySelectorAll('.method [data-text], .second [data-text], footer [data-text]')) {
      e.textContent = running.say(e.dataset.text, { Provider: e.dataset.provider });
    }
    for (const other of document.querySelectorAll('[data-locale]')) other.setAttribute('aria-pressed', String(other === b));
  });
}

const show = $('show-password');
if (show) {
  show.addEventListener('click', () => {
    const shown = $('password').type === 'text';
    $('password').type = shown ? 'password' : 'text';
    show.setAttribute('aria-pressed', String(!shown));
  });
}

// The forms of the other methods. A method that needs an account uses the one in the form above. Kratos' passkey script calls
// form.submit() on the form that it has filled in.
for (const form of document.querySelectorAll('form.method')) {
  form.submit = () => form.requestSubmit();
  form.addEventListener('submit', (e) => {
    e.preventDefault();
    const fields = Object.fromEntries(new FormData(form, e.submitter));
    const typed = $('identifier');
    if (['code', 'webauthn'].includes(form.dataset.method) && !fields.identifier) fields.identifier = typed ? typed.value : page.identifier;
    running.handOn(fields);
  });
}

// A page that the browser keeps for the back button would still contain the password, so reload it.
window.addEventListener('pageshow', (e) => { if (e.persisted) location.reload(); });

// No password field comes before the second factors, so focus the first field. If the person is in another field already, the focus
// stays there.
if (page.second) {
  running.ready.then(() => {
    const first = document.querySelector('.method input:not([type=hidden]), .method button');
    if (document.activeElement === document.body) first.focus();
  });
}
