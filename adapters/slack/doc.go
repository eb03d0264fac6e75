// Package slack connects a bot to Slack.
//
// New takes a Config. Run opens two Socket Mode connections (listen.go and
// socket.go), or has Slack deliver to Routes, signed (routes.go). Either way
// decode.go makes events of commands, mentions, direct messages, presses and
// forms, people.go adds what Slack does not say of whom they come from, and Slack
// is told that they were taken once they are safe, or after two seconds, because
// it waits only three.
//
// render.go makes blocks of a message: rich text (rich.go), in which nothing that
// anybody wrote can become formatting, buttons and selects; and beside them a
// plain text that says all of it to screen readers (plain.go). form.go makes
// modals. respond.go answers events, and send.go sends without being asked.
// hook.go posts to the address that comes with a command or a press, for where
// the bot itself may not write. image.go uploads what a message shows, and says it
// in words where that cannot be; files.go deletes it when nobody needs it any more.
// publish.go writes nothing: an app's commands are published by hand, with the
// Manifest.
//
// All requests pass through call.go, which gives errors their meaning and keeps
// secrets out of them. write.go tries again after an outage.
//
// What is private is an ephemeral message, which the bot can never edit: that
// takes a press on it. So what must be edited later is for the direct chat.
package slack
