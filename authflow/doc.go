// Package authflow signs people in without ever seeing a password.
//
// A Provider is a service to sign in to, and a Flow one way to a token there.
// Logins.Start begins a flow and returns a Login to show: where to go and which
// code to enter. Logins.Run, running beside it, asks the provider how things
// stand, no faster than allowed, and calls tell when somebody must hear of it.
// Once the provider has granted a token, the provider is asked whose it is; only
// then the login is linked and its account found in Accounts, whose Client makes
// requests in the person's name.
//
// Where there is no code to enter, a browser goes to the provider and comes back
// through the pages that Logins.ServeHTTP serves, with digits that its person types
// into the chat (visit.go, pages.go, digits.go).
//
// The rows of core/store are the truth; what is in memory can be lost at any
// step. Logins.Run takes up what an earlier process left. The states of a login
// and step, the function that decides between them, are in login.go.
//
// The package knows persons by their ids and does not know what a chat is: what
// a login must remember of its chat is the Origin, which it keeps unread.
package authflow
