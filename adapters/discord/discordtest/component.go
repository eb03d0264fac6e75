package discordtest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The kinds of components.
const (
	actionRow     = 1
	button        = 2
	stringSelect  = 3
	textInput     = 4
	channelSelect = 8 // from userSelect, 5, on
	textDisplay   = 10
	label         = 18
	radioGroup    = 21
)

// linkStyle is the style of buttons that open a link.
const linkStyle = 5

// component is one of a message or of a modal, of any kind.
type component struct {
	Type        int             `json:"type"`
	ID          int             `json:"id,omitempty"`
	CustomID    string          `json:"custom_id,omitempty"`
	Style       int             `json:"style,omitempty"`
	Label       string          `json:"label,omitempty"`
	Description string          `json:"description,omitempty"`
	Emoji       json.RawMessage `json:"emoji,omitempty"`
	URL         string          `json:"url,omitempty"`
	SKU         string          `json:"sku_id,omitempty"`
	Disabled    bool            `json:"disabled,omitempty"`
	Placeholder string          `json:"placeholder,omitempty"`
	Min         *int            `json:"min_values,omitempty"`
	Max         *int            `json:"max_values,omitempty"`
	MinLength   *int            `json:"min_length,omitempty"`
	MaxLength   *int            `json:"max_length,omitempty"`
	Required    *bool           `json:"required,omitempty"`
	Value       string          `json:"value,omitempty"`
	Content     string          `json:"content,omitempty"`
	Options     []choice        `json:"options,omitempty"`
	Components  []component     `json:"components,omitempty"`
	Component   *component      `json:"component,omitempty"`
}

// choice is an option of a select.
type choice struct {
	Label       string          `json:"label"`
	Value       string          `json:"value"`
	Description string          `json:"description,omitempty"`
	Emoji       json.RawMessage `json:"emoji,omitempty"`
	Default     bool            `json:"default,omitempty"`
}

// or is *n, or what is usual.
func or[T any](n *T, usual T) T {
	if n == nil {
		return usual
	}
	return *n
}

// rows checks the components of a message and numbers them.
func (f *form) rows(rows []component) {
	f.amount("components", len(rows), 0, 5)
	used, next := map[string]bool{}, 0
	for i := range rows {
		at := fmt.Sprintf("components.%d", i)
		next++
		rows[i].ID = next
		if rows[i].Type != actionRow {
			f.wrong(at+".type", "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (1,).")
			continue
		}
		inner := slices.Clone(rows[i].Components)
		rows[i].Components = inner
		f.row(at, inner)
		for j := range inner {
			next++
			inner[j].ID = next
			f.control(fmt.Sprintf("%s.components.%d", at, j), inner[j], used)
		}
	}
}

// row holds a row to up to five buttons or one select.
func (f *form) row(at string, inner []component) {
	f.amount(at+".components", len(inner), 1, 5)
	for _, c := range inner {
		if c.Type != button && len(inner) > 1 {
			f.wrong(at+".components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "Component layout width exceeded")
			return
		}
	}
}

func (f *form) control(at string, c component, used map[string]bool) {
	switch {
	case c.Type == button:
		f.button(at, c)
	case c.Type == stringSelect:
		f.options(at, c, 1)
		f.selection(at, c)
	case c.Type > textInput && c.Type <= channelSelect:
		f.selection(at, c)
	default:
		f.wrong(at+".type", "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (2, 3, 5, 6, 7, 8).")
	}
	if c.Type != button || c.Style != linkStyle {
		f.customID(at, c, used)
	}
}

// customID holds the name of a component to its length, and to being the only one.
func (f *form) customID(at string, c component, used map[string]bool) {
	f.length(at+".custom_id", c.CustomID, 1, 100)
	if used[c.CustomID] && c.CustomID != "" {
		f.wrong(at+".custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
	}
	used[c.CustomID] = true
}

func (f *form) button(at string, c component) {
	f.length(at+".label", c.Label, 0, 80)
	if c.Label == "" && (len(c.Emoji) == 0 || string(c.Emoji) == "null") {
		f.wrong(at, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button must have a label or an emoji")
	}
	switch {
	case c.Style < 1 || c.Style > linkStyle:
		f.wrong(at+".style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5}.")
	case c.Style != linkStyle && c.URL != "":
		f.wrong(at, "BUTTON_COMPONENT_INVALID_URL", "Only link buttons have a url")
	case c.Style == linkStyle && (c.URL == "" || c.CustomID != ""):
		f.wrong(at, "BUTTON_COMPONENT_CUSTOM_ID_OR_URL_REQUIRED", "A link button must have a url and no custom id")
	case c.Style == linkStyle:
		f.length(at+".url", c.URL, 1, 512)
		f.buttonURL(at+".url", c.URL)
	}
}

// buttonURL is link, but that buttons may lead into the client too.
func (f *form) buttonURL(at, address string) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "discord" {
		return
	}
	f.link(at, address)
}

// selection checks what all selects have.
func (f *form) selection(at string, c component) {
	f.length(at+".placeholder", c.Placeholder, 0, 150)
	least, most := or(c.Min, 1), or(c.Max, 1)
	f.amount(at+".min_values", least, 0, 25)
	f.amount(at+".max_values", most, 1, 25)
	if least > most {
		f.wrong(at+".min_values", "NUMBER_TYPE_MAX", "int value should be less than or equal to %d.", most)
	}
	if c.Type == stringSelect && most > len(c.Options) {
		f.wrong(at+".max_values", "BASE_TYPE_BAD_LENGTH", "Must be %d or fewer.", len(c.Options))
	}
}

// options checks the choices of a select, or of a group of radio buttons.
func (f *form) options(at string, c component, least int) {
	most := 25
	if c.Type == radioGroup {
		most = 10
	}
	f.amount(at+".options", len(c.Options), least, most)
	used := map[string]bool{}
	for i, o := range c.Options {
		at := fmt.Sprintf("%s.options.%d", at, i)
		f.length(at+".label", strings.TrimSpace(o.Label), 1, 100)
		f.length(at+".value", o.Value, 1, 100)
		f.length(at+".description", o.Description, 0, 100)
		if used[o.Value] {
			f.wrong(at+".value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
		}
		used[o.Value] = true
	}
}

// controls are what people can use of the components of a message.
func (s said) controls() []component {
	var out []component
	for _, row := range s.Components {
		out = append(out, row.Components...)
	}
	return out
}
