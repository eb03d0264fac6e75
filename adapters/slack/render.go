package slack

import (
	"strconv"
	"strings"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// Limits of the text of a message, in bytes: those of an ephemeral one, which are
// the smallest. A message's own text leaves room for its links and embeds.
const (
	maxText  = 3000
	maxPlain = 4000
)

// Limits of parts, in characters.
const (
	maxField = 2000
	maxURL   = 3000
)

// rendered is a message as Slack takes it: what is seen, and the same as plain
// text, which is what screen readers read and notifications show.
type rendered struct {
	text   string
	blocks []api.Block
}

// render makes of a message what Slack takes. image is the file of its image; where
// there is none, what the image shows is said in its place.
func render(m core.Message, image string) rendered {
	out := rendered{text: spoken(m)}
	out.add(richText(m.Text))
	switch {
	case m.Image == nil:
	case image == "":
		out.add(richText(markup.Plain(altOf(*m.Image))))
	default:
		out.add(api.NewImageBlockSlackFile(&api.SlackFileObject{ID: image}, altOf(*m.Image), "", nil))
	}
	for _, e := range m.Embeds {
		out.embed(e)
	}
	for _, row := range m.Rows {
		out.row(row)
	}
	if len(out.blocks) == 0 { // Slack takes no message without a word
		out.text = "…"
		out.add(richText("…"))
	}
	return out
}

// altOf is what an image shows: Slack takes none that does not say so.
func altOf(i core.Image) string { return named("Image", i.Alt) }

// options are what the client library sends.
func (r rendered) options() []api.MsgOption {
	return []api.MsgOption{api.MsgOptionText(r.text, false), api.MsgOptionBlocks(r.blocks...)}
}

func (r *rendered) add(b api.Block) {
	if b != nil {
		r.blocks = append(r.blocks, b)
	}
}

// exact is a text in which nothing is formatted.
func exact(text string) *api.TextBlockObject {
	return api.NewTextBlockObject(api.PlainTextType, text, false, false)
}

// tones stand before the title of an embed.
var tones = map[core.Tone]string{core.Good: "✅ ", core.Bad: "❌ "}

// embed is a title, a text, fields, an image and a line below them.
func (r *rendered) embed(e core.Embed) {
	title := tones[e.Tone] + e.Title
	switch {
	case strings.TrimSpace(e.Title) == "":
	case e.URL != "":
		r.add(richText(markup.F("*[%s](%s)*", title, e.URL)))
	default:
		r.add(api.NewHeaderBlock(exact(title)))
	}
	r.add(richText(e.Text))
	if columns := inColumns(e.Fields); columns != nil {
		r.add(columns)
	} else {
		r.add(richText(below(e.Fields)))
	}
	if e.Image != "" {
		r.add(api.NewImageBlock(e.Image, named("Image", e.Title), "", nil))
	}
	if strings.TrimSpace(e.Footer) != "" {
		r.add(api.NewContextBlock("", exact(e.Footer)))
	}
}

// below are fields one below the other.
func below(fields []core.Field) markup.Text {
	var lines []string
	for _, f := range fields {
		lines = append(lines, string(markup.F("*%s:* %s", f.Name, f.Value)))
	}
	return markup.Text(strings.Join(lines, "\n"))
}

// inColumns are short fields two in a line; nil where they are too long for that,
// or hold what could be taken for formatting there.
func inColumns(fields []core.Field) api.Block {
	var columns []*api.TextBlockObject
	for _, f := range fields {
		name, value := strings.TrimSpace(f.Name), strings.TrimSpace(markup.Visible(f.Value))
		if !f.Short || !calm(name) || !calm(value) || string(f.Value) != value {
			return nil
		}
		text := "*" + escape(name) + "*\n" + escape(value)
		if len(text) > maxField {
			return nil
		}
		columns = append(columns, api.NewTextBlockObject(api.MarkdownType, text, false, true))
	}
	if columns == nil {
		return nil
	}
	return api.NewSectionBlock(nil, columns, nil)
}

// calm reports whether a text is on one line and the same with and without
// Slack's markup.
func calm(text string) bool {
	return text != "" && !strings.ContainsAny(text, "*_~`:\n") && !strings.HasPrefix(text, ">")
}

// row is a row of buttons, or a select.
func (r *rendered) row(controls []core.Control) {
	var elements []api.BlockElement
	for i, c := range controls {
		switch c := c.(type) {
		case core.Button:
			b := api.NewButtonBlockElement("button-"+strconv.Itoa(i), c.Do.Token().Reveal(), exact(c.Label))
			b.Style = styles[c.Tone]
			elements = append(elements, b)
		case core.Link:
			b := api.NewButtonBlockElement("link-"+strconv.Itoa(i), "", exact(c.Label))
			b.URL = c.URL
			elements = append(elements, b)
		case core.Select:
			elements = append(elements, selectOf(c))
		}
	}
	if len(elements) > 0 {
		r.add(api.NewActionBlock("", elements...))
	}
}

var styles = map[core.Tone]api.Style{core.Main: api.StylePrimary, core.Good: api.StylePrimary, core.Bad: api.StyleDanger}

// selectOf carries its token as its id: its values are those of the choices.
func selectOf(s core.Select) api.BlockElement {
	token, hint := s.Do.Token().Reveal(), exact(cut(named("Choose", s.Hint), 150))
	if s.Max > 1 {
		many := api.NewOptionsMultiSelectBlockElement(api.MultiOptTypeStatic, hint, token, options(s.Choices)...)
		return many.WithMaxSelectedItems(s.Max)
	}
	return api.NewOptionsSelectBlockElement(api.OptTypeStatic, hint, token, options(s.Choices)...)
}

func options(choices []core.Choice) []*api.OptionBlockObject {
	out := make([]*api.OptionBlockObject, len(choices))
	for i, c := range choices {
		out[i] = api.NewOptionBlockObject(named(c.Label, c.Value), exact(named("…", c.Label)), nil)
	}
	return out
}
