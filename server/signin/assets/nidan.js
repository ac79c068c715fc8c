// Two-step sign-in for a form on any page: account and password, and then the code in the place of the form. The module submits the
// flow to Kratos as JSON. The answer is a session, or a message whose state says what to show. docs/your-own-login-page.md explains
// how to use this module; nidan.d.ts has its types.
import { CodeStep } from './code-step.js';
import { Texts } from './texts.js';

const home = new URL('..', import.meta.url).origin;
const kept = 'nidan.identifier'; // sessionStorage key of the identifier, which is kept for the same flow when the page is reloaded
const provider = 'nidan.provider'; // sessionStorage key of the provider, which is kept while the browser goes there and comes back

/** Runs the sign-in of a form with the fields identifier and password. */
export function signIn(form, options = {}) { return new SignIn(form, options); }

class SignIn {
  constructor(form, options) {
    this.form = form;
    this.nidan = options.nidan || home;
    this.flow = options.flow || null;
    this.returnTo = options.returnTo || '';
    this.onSignedIn = options.onSignedIn || ((url) => location.assign(url));
    this.onStepUp = options.onStepUp || ((url) => location.assign(url));
    this.texts = new Texts(this.nidan, options.locale, options.texts);
    this.credentials = null; // the input of the first step, for later submissions; never stored
    this.challenge = null;   // the challenge that is shown
    this.pending = false;
    this.step = new CodeStep(form, this.texts, {
      verify: (code, remember) => this.exchange({ code, remember }),
      resend: () => this.exchange({ action: 'resend' }),
      cancel: () => this.cancel(),
    }, options);
    form.addEventListener('submit', (e) => {
      e.preventDefault();
      this.credentials = { method: 'password', identifier: this.field('identifier').value, password: this.field('password').value };
      this.exchange({});
    });
    this.ready = this.texts.load().then(() => this.begun());
  }

  /** Changes the language of what is shown; what was typed stays. */
  async setLocale(locale) {
    await this.texts.load(locale);
    this.step.write();
  }

  /** A sentence in the current language, with its facts put in. */
  say(name, facts) { return this.texts.say(name, facts); }

  field(name) { return this.form.elements.namedItem(name); }

  // begun shows the flow that the page was loaded with. After a reload, the password is lost and must be entered again; the current
  // code stays valid.
  begun() {
    this.step.write();
    const name = this.field('identifier');
    if (name && !name.value && this.flow) name.value = JSON.parse(sessionStorage.getItem(kept) || '{}')[this.flow.id] || '';
    const [message] = (this.flow && this.flow.messages) || [];
    if (message && message.context && message.context.state && this.flow.active && this.flow.active !== 'password') return this.cameBack(message);
    if (message && message.context && message.context.challenge) this.step.say('info', { name: 'password_again' });
    else if (message) this.sayKratos(message);
    this.showPassword();
  }

  // cameBack shows the state of a sign-in with another method. A provider leads back to this page. The person enters the code here,
  // and the submission goes to Nidan by way of the provider again, which mostly does not have to ask anything then.
  cameBack(message) {
    const to = JSON.parse(sessionStorage.getItem(provider) || '{}')[this.flow.id];
    if (to) this.credentials = { method: 'oidc', provider: to };
    if (this.credentials || !message.context.challenge) return this.showState(message);
    this.step.say('info', { name: 'provider_again' });
    return this.showPassword();
  }

  showPassword() {
    this.credentials = null;
    this.challenge = null;
    const password = this.field('password');
    this.step.show(null);
    if (!password) return; // the flow has no password, only other methods
    password.value = '';
    (this.field('identifier').value ? password : this.field('identifier')).focus();
  }

  keep(what, value) { sessionStorage.setItem(what, JSON.stringify({ [this.flow.id]: value })); }

  // ---- talking to Kratos ----

  async send(method, url, body) {
    const answer = await fetch(url, {
      method, credentials: 'include', headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return { answer, body: await answer.json().catch(() => ({})) };
  }

  // begin starts a flow. If the current flow has expired, the new flow replaces it.
  async begin() {
    const query = new URLSearchParams();
    const returnTo = this.returnTo || (this.flow && this.flow.return_to);
    if (returnTo) query.set('return_to', returnTo);
    if (this.flow && this.flow.refresh) query.set('refresh', 'true');
    const { answer, body } = await this.send('GET', `${this.nidan}/self-service/login/browser?${query}`);
    if (body.error && body.error.id === 'session_already_available') return false;
    if (!answer.ok) throw new Error(`begin: ${answer.status}`);
    const csrf = body.ui.nodes.find((n) => n.attributes.name === 'csrf_token');
    const page = new URL(location.href);
    if (page.searchParams.has('flow')) {
      page.searchParams.set('flow', body.id);
      history.replaceState(null, '', page);
    }
    this.flow = {
      id: body.id, action: body.ui.action, csrf_token: csrf ? csrf.attributes.value : '', return_to: body.return_to, refresh: body.refresh,
    };
    return true;
  }

  // submit sends the credentials again (or leads to the provider again) together with the new input. If the flow has expired, submit
  // begins a new one and tries once more, without a message to the person.
  async submit(twoFactor, again = true) {
    if (this.credentials.provider) this.keep(provider, this.credentials.provider);
    const { answer, body } = await this.send('POST', this.flow.action, {
      csrf_token: this.flow.csrf_token, ...this.credentials, transient_payload: { two_factor: { ...twoFactor, locale: this.texts.locale } },
    });
    if ([403, 404, 410].includes(answer.status) && again && await this.begin()) return this.submit({}, false);
    return { answer, body };
  }

  // working runs one request at a time, and shows that it is running. It removes the error message of the last try.
  async working(exchange) {
    if (this.pending) return;
    this.pending = true;
    this.step.busy(true);
    try {
      await exchange();
    } catch {
      this.step.say('error', { name: 'no_answer' });
    } finally {
      this.pending = false;
      this.step.busy(false);
    }
  }

  exchange(twoFactor) {
    return this.working(async () => {
      if (!this.flow && !await this.begin()) return this.signedIn();
      return this.answered(await this.submit(twoFactor));
    });
  }

  // cancel cancels the challenge. With a provider, the browser would have to go there once more, so cancel begins a new flow instead,
  // and the code is left with the old one.
  cancel() {
    if (!this.credentials.provider) return this.exchange({ action: 'cancel' });
    return this.working(() => this.cancelled());
  }

  async cancelled() {
    await this.begin();
    this.step.say('info', { name: 'cancelled' });
    return this.showPassword();
  }

  /** Hands the fields of another method's form on to Kratos. */
  handOn(fields) {
    return this.working(async () => {
      if (fields.provider) {
        this.credentials = { method: 'oidc', provider: fields.provider };
        return this.answered(await this.submit({}));
      }
      const { answer, body } = await this.send('POST', this.flow.action, { csrf_token: this.flow.csrf_token, ...fields });
      if (answer.ok || body.redirect_browser_to) return this.answered({ answer, body });
      if (fields.identifier) this.keep(kept, fields.identifier);
      return location.reload(); // the page then shows the flow in its current state
    });
  }

  answered({ answer, body }) {
    if (answer.ok || (body.error && body.error.id === 'session_already_available')) return this.signedIn(body);
    const to = body.redirect_browser_to;
    if (to) return new URL(to, location.href).searchParams.get('aal') === 'aal2' ? this.onStepUp(to) : location.assign(to);
    const message = body.ui && body.ui.messages && body.ui.messages[0];
    return message ? this.showState(message, answer) : this.step.say('error', { name: 'failed' });
  }

  // signedIn goes on to the application. If other people tried wrong codes, it shows this first.
  async signedIn(body = {}) {
    sessionStorage.removeItem(kept);
    sessionStorage.removeItem(provider);
    const next = (body.continue_with || []).find((c) => c.action === 'redirect_browser_to') || {};
    const onward = next.redirect_browser_to || (this.flow && this.flow.return_to) || this.returnTo || '/';
    const lacking = await this.lacking(onward);
    if (lacking) return this.onStepUp(lacking);
    const told = await this.send('GET', `${this.nidan}/notices`).catch(() => null);
    if (!told || !told.answer.ok || !told.body.wrong_codes) return this.onSignedIn(onward);
    const since = new Date(told.body.since).toLocaleString(this.texts.locale);
    this.step.say('error', { name: 'wrong_codes_told', facts: { Count: told.body.wrong_codes, Since: since } });
    return this.step.showEnd('go-on', () => this.onSignedIn(onward));
  }

  // lacking returns the address where the session gets the second factor that it lacks, and from where the browser goes on. It is
  // empty if no factor is missing. If the request fails, the sign-in goes on: the session has no more capabilities than before, and
  // the applications say so.
  async lacking(onward) {
    const worth = await this.send('GET', `${this.nidan}/capabilities`).catch(() => null);
    const stepUp = worth && worth.body.step_up;
    if (!stepUp || stepUp.acr !== 'aal2') return '';
    const to = new URL(stepUp.location, this.nidan);
    to.searchParams.set('return_to', new URL(onward, `${this.nidan}/`).href);
    return to.href;
  }

  // ---- states ----

  // showState shows a message. A message with a state comes from Nidan, any other one from Kratos.
  async showState(message, answer) {
    const { state, challenge: next } = message.context || {};
    if (next) {
      this.challenge = next;
      this.step.takeOver(next, answer);
      if (this.credentials.identifier) this.keep(kept, this.credentials.identifier);
    }
    switch (state) {
      case 'code_sent':
      case 'code_resent':
        this.step.say('info', { name: next.mail === 'waiting' ? 'code_waiting' : state, facts: this.step.facts() });
        return this.step.show('code-step');
      case 'code_mismatch':
        this.step.say('error', { name: state });
        return this.step.show('code-step');
      case 'code_expired': // or the mail was never sent
      case 'attempts_exceeded': {
        const failed = state === 'code_expired' && next.mail;
        this.step.say('error', { name: failed ? 'code_undelivered' : state, facts: this.step.facts() });
        return this.step.show('code-step', true);
      }
      case 'too_many_codes': // without a challenge, only the server knows when
        return next ? this.step.sayTooSoon() : this.step.say('error', { text: message.text });
      case 'cancelled':
        return this.cancelled();
      case 'sign_in_again':
      case 'client_too_old':
        this.sayRefusal(state, message);
        return this.step.showEnd('start-again');
      case 'refused': // if only fields of the method are left, the person cannot go on with them
        this.sayRefusal(state, message);
        return this.field('password') ? this.showPassword() : this.step.showEnd('start-again');
      case 'unavailable':
        return this.step.say('error', { name: state });
    }
    this.sayKratos(message);
    return this.showPassword();
  }

  // sayRefusal shows the usual text in the page's language, or the policy's own message unchanged.
  sayRefusal(state, message) {
    this.step.say('error', this.texts.isUsual(state, message.text) ? { name: state } : { text: message.text });
  }

  sayKratos(message) {
    const known = `kratos_${message.id}`;
    this.step.say(message.type === 'info' ? 'info' : 'error', this.texts.has(known) ? { name: known } : { text: message.text });
  }
}
