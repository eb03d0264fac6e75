package telegramtest

import (
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// Limits of a keyboard.
const (
	maxRow         = 8
	maxButtons     = 100
	maxData        = 64 // bytes
	maxCopy        = 256
	maxPlaceholder = 64
)

// readMarkup reads what is attached to a message: an inline keyboard or a
// forced reply. The other kinds are not for this bot.
func readMarkup(raw string) ([][]button, *forceReply, error) {
	if raw == "" {
		return nil, nil, nil
	}
	var in struct {
		Keyboard *[][]rawButton `json:"inline_keyboard"`
		forceReply
	}
	if json.Unmarshal([]byte(raw), &in) != nil {
		return nil, nil, badf("can't parse reply keyboard markup JSON object")
	}
	switch {
	case in.Keyboard != nil:
		rows, err := readRows(*in.Keyboard)
		return rows, nil, err
	case !in.Force:
		return nil, nil, badf("object expected as reply markup")
	case utf8.RuneCountInString(in.Placeholder) > maxPlaceholder:
		return nil, nil, badf("input field placeholder is too long")
	}
	return nil, &in.forceReply, nil
}

func readRows(in [][]rawButton) ([][]button, error) {
	var (
		out [][]button
		all int
	)
	for _, row := range in {
		all += len(row)
		if len(row) > maxRow || all > maxButtons {
			return nil, badf("reply markup is too long")
		}
		var buttons []button
		for _, raw := range row {
			b, err := raw.read()
			if err != nil {
				return nil, err
			}
			buttons = append(buttons, b)
		}
		if len(buttons) > 0 {
			out = append(out, buttons)
		}
	}
	return out, nil
}

// rawButton is a button as it came, with what else a button could do.
type rawButton struct {
	Text  *string   `json:"text"`
	Style string    `json:"style"`
	URL   string    `json:"url"`
	Data  string    `json:"callback_data"`
	Copy  *copyText `json:"copy_text"`

	App      json.RawMessage `json:"web_app"`
	Login    json.RawMessage `json:"login_url"`
	Query    json.RawMessage `json:"switch_inline_query"`
	Here     json.RawMessage `json:"switch_inline_query_current_chat"`
	Chosen   json.RawMessage `json:"switch_inline_query_chosen_chat"`
	Game     json.RawMessage `json:"callback_game"`
	Purchase json.RawMessage `json:"pay"`
}

func (b rawButton) read() (button, error) {
	ours, others := b.actions()
	switch {
	case b.Text == nil || *b.Text == "":
		return button{}, badf("can't parse inline keyboard button: Can't find field \"text\"")
	case ours+others == 0:
		return button{}, badf("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
	case ours != 1 || others != 0:
		return button{}, badf("BUTTON_TYPE_INVALID")
	case len(b.Data) > maxData:
		return button{}, badf("BUTTON_DATA_INVALID")
	case b.URL != "" && !reachable(b.URL):
		return button{}, badf("inline keyboard button URL '%s' is invalid: Wrong HTTP URL", b.URL)
	case b.Copy != nil && (b.Copy.Text == "" || utf8.RuneCountInString(b.Copy.Text) > maxCopy):
		return button{}, badf("BUTTON_COPY_TEXT_INVALID")
	case !slices.Contains([]string{"", "danger", "success", "primary"}, b.Style):
		return button{}, badf("can't parse inline keyboard button: Unknown style specified")
	}
	return button{Text: *b.Text, Style: b.Style, URL: b.URL, Data: b.Data, Copy: b.Copy}, nil
}

// actions counts what b would do: what buttons here can do, and what else there is.
func (b rawButton) actions() (ours, others int) {
	for _, there := range []bool{b.URL != "", b.Data != "", b.Copy != nil} {
		if there {
			ours++
		}
	}
	for _, raw := range []json.RawMessage{b.App, b.Login, b.Query, b.Here, b.Chosen, b.Game, b.Purchase} {
		if raw != nil {
			others++
		}
	}
	return ours, others
}
