// Package discord connects a bot to Discord.
//
// New takes a Config. Interactions, which are commands, presses and forms, come
// over the gateway, a websocket that Run keeps open (run.go, gateway.go,
// connection.go), or are posted to Routes and signed (routes.go); words come over
// the gateway alone.
// decode.go makes events of what is in wire.go. text.go writes what the bot says in
// Discord's Markdown, with all that people wrote escaped (escape.go), and render.go
// and embed.go the message around it: embeds, buttons, selects, forms. An image is
// sent as a file with it, or in words where the bot may send none (image.go).
//
// Discord wants the first answer to an interaction within three seconds, once,
// and either for all or for one person. first.go keeps that appointment, and
// respond.go answers through it. One with an image is deferred, because a file may
// take longer, and because large ones are lost in the response to an HTTP delivery
// (discord-api-docs issues 5250 and 5933). A message for one person can be edited
// for a quarter of an hour, with the interaction's token; ref.go says what a Ref
// holds.
// adapter.go sends without being asked, publish.go registers the commands.
//
// All requests pass through call.go. It uses discordgo for them, with a limiter
// that is thrown away, because discordgo's own never forgets an address; core waits
// where Discord asks for it, and write.go tries again after an outage. The gateway's
// connection is our own: that of discordgo cannot be ended, forgets which session to
// resume, and locks itself up when Discord asks it to reconnect too early.
package discord
