package authflow

import "net/http"

// reason says why a provider sent a browser back without a code, for those words
// that it can have for that (RFC 6749 section 4.1.2.1).
func reason(provider, said string) string {
	switch said {
	case "server_error", "temporarily_unavailable":
		return provider + " is not available at the moment."
	case "invalid_scope":
		return provider + " does not know the permissions that were asked for."
	case "unauthorized_client", "unsupported_response_type", "invalid_request":
		return provider + " does not let this bot sign people in. Please tell whoever runs it."
	}
	return provider + " could not complete this login."
}

// note is a page that says one thing.
type note struct {
	status      int
	title, text string
}

// The notes. None says whether there ever was such a login.
var (
	noLink = note{
		http.StatusNotFound, "This link does not work",
		"It may be too old, or a part of it is missing. Return to the chat and ask for a new one.",
	}
	isOver = note{
		http.StatusGone, "This login is over",
		"It has been completed, cancelled, or took too long. The chat says which, and starts a new one.",
	}
	goOnInChat = note{
		http.StatusConflict, "This was already done",
		"A browser has come back from this login. Go on in the chat, with the digits on the page there.",
	}
	notYet = note{
		http.StatusConflict, "This login is not done yet",
		"Another page has taken its place, or the way back was cut short. Open the link in your chat again.",
	}
	astray = note{
		http.StatusBadRequest, "This page cannot go on",
		"This browser did not begin the login, or began it too long ago. Open the link in your chat again, and stay in one browser.",
	}
	foreignForm = note{
		http.StatusForbidden, "This did not come from here",
		"Open the link in your chat, and press the button on the page itself.",
	}
	tooOften = note{
		http.StatusTooManyRequests, "This link was used too often",
		"Return to the chat, cancel this login, and ask for a new one.",
	}
	tooLarge = note{http.StatusRequestEntityTooLarge, "That was too much", "Open the link in your chat again."}
	busyNow  = note{http.StatusServiceUnavailable, "Busy", "Many people sign in right now. Please load this page again in a moment."}
	broke    = note{
		http.StatusBadGateway, "Something went wrong",
		"Please open the link in your chat again in a minute. If it stays so, tell whoever runs the bot.",
	}
)
