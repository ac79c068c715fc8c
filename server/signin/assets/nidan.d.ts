/** The languages of the texts. */
export type Locale = 'ja' | 'en';

/** A login flow of Kratos that the page itself has begun. */
export interface Flow {
  id: string;
  /** The URL to submit the flow to. */
  action: string;
  csrf_token: string;
  return_to?: string;
  /** True: a person who is signed in already has to sign in again. */
  refresh?: boolean;
  /** The method that was last submitted. */
  active?: string;
  /** Messages that Kratos shows above its form. */
  messages?: { id: number; text: string; type: string; context?: Record<string, unknown> }[];
}

export interface Options {
  /** The origin of Nidan: scheme, host and port. Default: the origin that the module was loaded from. */
  nidan?: string;
  /** Default: the module begins a flow when the form is first submitted. */
  flow?: Flow;
  /** Default: the page's language, or the browser's; Japanese for any other. */
  locale?: Locale;
  /** Texts that replace Nidan's, by language and by their names in /assets/texts/en.json. */
  texts?: Partial<Record<Locale, Record<string, string>>>;
  /** The URL to go to after the sign-in. Kratos must allow it. Default: the flow's return_to, or "/". */
  returnTo?: string;
  /** Called with the URL to go to, instead of going there. */
  onSignedIn?: (url: string) => void;
  /**
   * Called with the URL to go to, instead of going there, if the person has enrolled a second factor with Kratos and must show it next:
   * until then, the session has no capabilities, or fewer of them. The flow at this URL (aal2) then leads on to the URL after the sign-in.
   */
  onStepUp?: (url: string) => void;
  /** The prefix of the ids of the module's elements. Default: "nidan-". */
  prefix?: string;
  /** The page's heading: the module updates it, the page's title and the page's language. Default: none. */
  title?: HTMLElement | null;
  /** The name of the heading's text while the form is shown. Default: "sign_in". */
  heading?: string;
  /** The URL of the link "back to sign-in". Default: this page. */
  startAgain?: string;
  /** The URL of the mail page of a demonstration. Default: none. */
  mail?: string;
}

export interface SignIn {
  /** Resolves when the texts are loaded and the form can be used. */
  ready: Promise<void>;
  /** Changes the language. The input stays in the fields. */
  setLocale(locale: Locale): Promise<void>;
  /** Returns a text in the current language, with the facts in place of its placeholders. */
  say(name: string, facts?: Record<string, string | number>): string;
  /**
   * Submits the fields of another method of Kratos, such as {method: "oidc", provider: "google"}. A provider leads back to the page, with
   * the flow's id in the address. Pass this flow to signIn: if a code is needed, signIn asks for it.
   */
  handOn(fields: Record<string, string>): Promise<void>;
}

/**
 * Runs the two-step sign-in of a form with the fields `identifier` and `password`: the code's step takes the place of the form, and
 * messages appear above it.
 */
export function signIn(form: HTMLFormElement, options?: Options): SignIn;
