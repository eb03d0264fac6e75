package core

import "github.com/usherbot/usher/core/markup"

// Words are the sentences that the bot says by itself, as formats for markup.F.
// Set Options.Words to a changed copy of English to say them differently; the
// order of the arguments, given in each comment, cannot change.
type Words struct {
	// Commands.
	Greet                              markup.Text
	Help, HelpOf, HelpLine, Ping       markup.Text
	Unknown, DidYouMean, UnknownTopic  markup.Text
	Usage, MustBe, TooMuch, NeedsValue markup.Text
	IsNumber, IsNumberIn, IsYesNo      markup.Text
	IsOneOf, IsPerson, IsLong          markup.Text
	Broken, Unserved                   markup.Text

	// Buttons and questions.
	NotYours, TooOld, Continue, ContinueText markup.Text
	Question, QuestionHint, QuestionTo       markup.Text
	ReplyHere, ReplyOrSkip                   markup.Text
	AnswerTooLong, AnswerNotOffered          markup.Text
	Cancel, Skip, QuestionCancelled          markup.Text

	// The login.
	Asking, Card, CardScopes, CardMoreScopes                     markup.Text
	CardCode, CardCompare, CardUntil, CardWarn                   markup.Text
	CardLink, CardLinkUntil, CardLinkWarn                        markup.Text
	OpenProvider, CopyCode, Check, NewCode                       markup.Text
	ShowQR, QRAlt                                                markup.Text
	Which, NoProviders, NoSuchProvider                           markup.Text
	Finishing, IsItYou, InsteadOf, Yes, NotMe                    markup.Text
	SignedIn, MissingScopes, Declined, Expired                   markup.Text
	ConfirmExpired, Cancelled, Replaced, Disowned                markup.Text
	Failed, Unnamed, Unavailable, Unreachable, FlowOff, BadSetup markup.Text
	TooManyStarts, Below, Elsewhere, SentDirect                  markup.Text
	OpenDirect, OpenDirectText, NoPrivate                        markup.Text
	StillOpen, GoOn, GoesOn, GoOnButton, Regarding, ScopeRefused markup.Text

	// The login in a browser.
	Asker, Somebody                                   markup.Text
	CardBrowser, CardNoCode, OpenLink                 markup.Text
	NewLink, LinkExpired, NoBrowser                   markup.Text
	TypeDigits, EnterDigits, DigitsTitle, DigitsInput markup.Text
	DigitsHint, DigitsWrong, DigitsOver               markup.Text

	// Accounts.
	NotSignedIn, You, Account, AccountExpired, AccountScopes markup.Text
	Died, SignInAgain                                        markup.Text
	WhichLogout, LogoutAll, SignedOut, Revoked, Unrevoked    markup.Text
	RemoveAt, RemoveThere, AskedAt, AskedThere               markup.Text
	Forget, ForgetYes, ForgetNo, Forgotten, Kept             markup.Text
	NothingToCancel, AlreadyRemoved                          markup.Text
}

// English is what the bot says unless Options.Words says otherwise.
var English = Words{
	Greet:        "Hello, I am *%s*.", // bot
	Help:         "I know these commands:",
	HelpLine:     "`/%s` – %s", // command with options, summary
	HelpOf:       "`/%s` – %s", // the same, of one command
	Ping:         "Pong!",
	Unknown:      "I do not know `/%s`. `/help` lists what I can do.", // command
	DidYouMean:   "I do not know `/%s`. Did you mean `/%s`?",          // command, a similar one
	UnknownTopic: "`/%s` needs one of these: %s.",                     // command, subcommands
	Usage:        "%s\nUsage: `/%s`",                                  // what is wrong, command with options
	MustBe:       "`%s` must be %s, not “%s”.",                        // option, one of the Is… phrases, what was given
	TooMuch:      "I do not understand “%s” there.",                   // the rest of the text
	NeedsValue:   "`%s` is missing.",                                  // option
	IsNumber:     "a whole number",
	IsNumberIn:   "a whole number from %d to %d", // lowest, highest
	IsLong:       "%d to %d characters long",     // shortest, longest
	IsYesNo:      "yes or no",
	IsOneOf:      "one of %s", // labels
	IsPerson:     "a mention of somebody here",
	Broken:       "Something went wrong. If it stays so, report the number *%s*.",                                             // number in the log
	Unserved:     "I cannot do anything just now. Please try again in a few minutes; if it stays so, report the number *%s*.", // number in the log

	NotYours:          "That button is not for you.",
	TooOld:            "That button is too old. Please start again.",
	Continue:          "Continue",
	ContinueText:      "%s: one more step.", // form title
	Question:          "*%s*",               // input label
	QuestionHint:      "*%s*\n%s",           // input label, hint
	QuestionTo:        "%s: %s",             // person, one of the above
	ReplyHere:         "Please reply to this message; `/cancel` stops.",
	ReplyOrSkip:       "Please reply to this message, with `-` to leave it out; `/cancel` stops.",
	AnswerTooLong:     "That is too long: %d characters, and at most %d are possible. Please try again.", // given, possible
	AnswerNotOffered:  "That is not one of the choices. Please try again.",
	Cancel:            "Cancel",
	Skip:              "Skip",
	QuestionCancelled: "Cancelled.",

	Asking:         "Asking %s for a code…",                                   // provider
	Card:           "*Sign in to %s*\n%s asks for access to your %s account.", // provider, bot, provider
	CardScopes:     "Permissions: %s.",                                        // scopes
	CardMoreScopes: "New permissions: %s. You have already granted: %s.",      // scopes, scopes of an earlier login
	CardCode:       "Open %s and enter the code\n`%s`",                        // address, code
	CardCompare:    "The link may bring the code along: compare it with this one.",
	CardUntil:      "The code is good until %s.", // time
	CardWarn:       "Only continue if you have just asked for this. Never enter a code that somebody sent you.",
	CardLink:       "Open %s and agree there.",   // address
	CardLinkUntil:  "The link is good until %s.", // time
	CardLinkWarn:   "It is for you alone: do not send it on. Only continue if you have just asked for this.",
	OpenProvider:   "Open %s", // provider
	CopyCode:       "Copy code",
	ShowQR:         "QR code",
	QRAlt:          "QR code of the link to %s", // provider
	Check:          "Check",
	NewCode:        "New code",
	Which:          "Where do you want to sign in?",
	NoProviders:    "There is nothing to sign in to here.",
	NoSuchProvider: "I do not know “%s”. You can sign in to %s.",                   // given, providers
	Finishing:      "%s has agreed. One moment…",                                   // provider
	IsItYou:        "You are about to sign in to %s as *%s* (id %s). Is that you?", // provider, account, id
	InsteadOf:      "It will replace *%s*.",                                        // the account linked before
	Yes:            "Yes, that's me",
	NotMe:          "Not me",
	SignedIn:       "Signed in as *%s* on %s.", // account, provider
	MissingScopes:  "%s did not grant: %s.",    // provider, scopes
	Declined:       "You declined. Nothing was changed.",
	Expired:        "That code has expired.",
	ConfirmExpired: "Nobody confirmed in time, so nothing was changed.",
	Cancelled:      "Cancelled.",
	Replaced:       "Replaced by a newer login.",
	Disowned:       "Not signed in: you said that the account is not yours.",
	Failed:         "%s could not complete this login. Please try again.",                             // provider
	Unnamed:        "%s did not say whose account it is, so you are not signed in. Please try again.", // provider
	Unavailable:    "Signing in to %s is no longer offered here.",                                     // provider
	Unreachable:    "%s cannot be reached. Please try again in a few minutes.",                        // provider
	FlowOff:        "%s does not let this bot sign people in. Please tell whoever runs it.",           // provider
	BadSetup:       "%s is not set up correctly here. Please tell whoever runs this bot.",             // provider
	TooManyStarts:  "You have started many logins in a short time. The next one is possible at %s.",   // time
	Below:          "Continued below.",
	Elsewhere:      "Continued in our direct chat.",
	SentDirect:     "I have sent you a direct message.",
	OpenDirect:     "Open the private chat",
	OpenDirectText: "That is for your eyes only. Let us go on in our private chat.",
	NoPrivate:      "That is for your eyes only, and I cannot write to you privately from here. Please write to me directly.",
	StillOpen:      "I can change this message no more by myself. Press Check to see how it stands.",
	GoOn:           "You are signed in to %s now. Go on with `/%s`?", // provider, command
	GoOnButton:     "Run /%s",                                        // command
	GoesOn:         "Going on with `/%s`.",                           // command
	Regarding:      "`/%s`:",                                         // command
	ScopeRefused:   "%s did not grant %s, which `/%s` needs.",        // provider, scopes, command

	Asker:       "%s on %s", // name, platform
	Somebody:    "Somebody",
	CardBrowser: "Open the link below. Your browser goes to %s and comes back with six digits, which you type in here.", // provider
	CardNoCode:  "%s gives this bot no code to enter, so this goes through your browser.",                               // provider
	OpenLink:    "Sign in to %s",                                                                                        // provider
	NewLink:     "New link",
	LinkExpired: "That link has expired.",
	NoBrowser:   "%s lets people sign in only through a browser, and this bot has no address for that. Please tell whoever runs it.", // provider
	TypeDigits:  "%s has agreed. To finish, press *Enter digits* and type the six that your browser shows, before %s.",               // provider, time
	EnterDigits: "Enter digits",
	DigitsTitle: "Sign in to %s", // provider
	DigitsInput: "Six digits",
	DigitsHint:  "as your browser shows them",
	DigitsWrong: "These are not the digits in your browser. Press *Enter digits* and look again. Tries left: %d.", // how many
	DigitsOver:  "Cancelled: the digits were wrong three times. Nothing was changed.",

	NotSignedIn:     "You are not signed in. `/login` does that.",
	You:             "You are %s on %s.",                                                               // name, platform
	Account:         "%s: *%s* (id %s), since %s",                                                      // provider, account, id, time
	AccountExpired:  "%s: *%s* (id %s), whose access has ended: please `/login` again",                 // provider, account, id
	Died:            "%s has ended my access to *%s*. Sign in again if you want me to go on using it.", // provider, account
	SignInAgain:     "Sign in again",
	AccountScopes:   "%s, with %s", // the line of an account, scopes
	WhichLogout:     "Where do you want to sign out?",
	LogoutAll:       "Everywhere",
	SignedOut:       "Signed out: I have forgotten *%s* on %s.",                                                                                  // account, provider
	Revoked:         "%s has ended my access too.",                                                                                               // provider
	Unrevoked:       "I have asked %s to end my access, without success.",                                                                        // provider
	AskedAt:         "I have asked %s to end the access that it had granted. Should it still list it, remove it at %s",                           // provider, address
	AskedThere:      "I have asked %s to end the access that it had granted. Should it still list it, remove it in your account settings there.", // provider
	RemoveAt:        "%s itself still lists this access. Remove it at %s",                                                                        // provider, address
	RemoveThere:     "%s itself still lists this access. Remove it in your account settings there.",                                              // provider
	Forget:          "This erases all that I know of you: accounts, logins under way, everything. Go on?",
	ForgetYes:       "Erase everything",
	ForgetNo:        "Keep it",
	Forgotten:       "Everything is erased.",
	Kept:            "Nothing was erased.",
	NothingToCancel: "Nothing is under way.",
	AlreadyRemoved:  "That account is no longer linked by this login.",
}
