package discordtest

// Visible is what people read of a text, where nobody is known.
func Visible(text string) string { return new(Server).visible(text) }
