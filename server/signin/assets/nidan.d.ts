/** The languages that there are sentences for. */
export type Locale = 'ja' | 'en';

/** A login flow of Kratos that the page has begun itself. */
export interface Flow {
  id: string;
  /** Where the flow is submitted. */
  action: string;
  csrf_token: string;
  return_to?: string;
  /** Somebody is signed in already, and proves it again. */
  refresh?: boolean;
  /** The method that was last submitted. */
  active?: string;
  /** What Kratos shows above its form. */
  messages?: { id: number; text: string; type: string; context?: Record<string, unknown> }[];
}

export interface Options {
  /** Where Nidan is: scheme, host and port. Default: where the module was loaded from. */
  nidan?: string;
  /** Default: the module begins a flow with the first submission. */
  flow?: Flow;
  /** Default: the page's language, or the browser's; Japanese for any other. */
  locale?: Locale;
  /** Sentences in place of Nidan's, by language, then by their names in /assets/texts/en.json. */
  texts?: Partial<Record<Locale, Record<string, string>>>;
  /** Where to go afterwards. Kratos has to allow it. Default: the flow's, or "/". */
  returnTo?: string;
  /** Called with where to go, in place of going there. */
  onSignedIn?: (url: string) => void;
  /**
   * Called with where to go, in place of going there, for somebody who has enrolled a second factor with Kratos and has to show it next: the
   * session is worth nothing, or less, until then. Kratos' flow there (aal2) leads on to where the sign-in was to go.
   */
  onStepUp?: (url: string) => void;
  /** What the ids of the module's elements begin with. Default: "nidan-". */
  prefix?: string;
  /** The page's heading: the module keeps it, the page's title and its language up to date. Default: none. */
  title?: HTMLElement | null;
  /** The name of the heading's text while the form is shown. Default: "sign_in". */
  heading?: string;
  /** Where "back to sign-in" leads. Default: this page. */
  startAgain?: string;
  /** Where a demonstration shows the mail. Default: nowhere. */
  mail?: string;
}

export interface SignIn {
  /** Resolves once the sentences are there and the form can be used. */
  ready: Promise<void>;
  /** Changes the language of what is shown; what was typed stays. */
  setLocale(locale: Locale): Promise<void>;
  /** A sentence in the current language, with its facts put in. */
  say(name: string, facts?: Record<string, string | number>): string;
  /**
   * Hands the fields of another of Kratos' methods on, such as {method: "oidc", provider: "google"}. A provider leads back to the page,
   * with the flow in its address: give that flow to signIn, and where a code is needed, it is asked for.
   */
  handOn(fields: Record<string, string>): Promise<void>;
}

/**
 * Runs the two-step sign-in of a form with the fields `identifier` and `password`: the code is asked for in the form's place, and
 * messages appear above it.
 */
export function signIn(form: HTMLFormElement, options?: Options): SignIn;
