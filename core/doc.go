// Package core lets a bot be written once and run on any chat platform.
//
// A Bot is given commands (Add), handlers for what people press (On) and say
// (Said), and adapters, one a platform (Connect). Run then takes what happens:
//
//   - An adapter hands over an Event. Route drops repeats, keeps the order of
//     each person in each chat, and notes the event before anything is done for
//     it, so that what has not begun is not lost and nothing runs twice (route.go).
//   - A command's options are parsed, and missing ones asked for (option.go,
//     ask.go). What is pressed carries a signed token (action.go).
//   - A command that Needs an account starts the login conversation (login.go)
//     and goes on once the person has signed in (continue.go), also in another
//     process.
//   - The handler answers through its Invocation with neutral messages; Fit makes
//     of them what the platform can show, which the adapter translates. A chat
//     that is too busy is waited for, while others go on (pace.go).
//
// Rotate changes the secret of a store on which bots run (secret.go).
//
// Every sentence that the bot says by itself is in words.go.
//
// Core knows no platform: what one can show it reads from the adapter's Caps.
package core
