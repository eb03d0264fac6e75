// Package telegram connects a bot to Telegram through its Bot API.
//
// New takes a Config. Run asks for updates by long polling (run.go) or has
// Telegram deliver them to Routes (routes.go); decode.go makes events of them,
// and an update is confirmed only once its event is safe. render.go makes of a
// message what the Bot API takes: text with entities, never markup, and inline
// keyboards. A message with an image is a photo with a caption (photo.go), of which
// no edit can make a text. respond.go answers events, and adapter.go sends without
// being asked. publish.go keeps the lists of commands.
//
// All requests pass through call.go, which lends the client library a context
// and keeps the token, which is in every address, out of every error. write.go
// says what is tried again.
//
// Telegram has no messages in a group that one person alone sees. What is
// private goes to the direct chat, which the person has to open first: Direct
// returns a link for that. Only the answer to a press can be for one person: an
// alert of up to 200 characters.
package telegram
