package slacktest

import (
	"encoding/json"
	"strings"
)

// node is a block, or an element of one, as it came: with what any of them may
// have. How large what may be is in limits.go.
type node struct {
	Type     string `json:"type"`
	BlockID  string `json:"block_id"`
	ActionID string `json:"action_id"`

	Text      *text  `json:"text"`
	Fields    []text `json:"fields"`
	Elements  []node `json:"elements"`
	Element   *node  `json:"element"`
	Accessory *node  `json:"accessory"`

	Label       *text  `json:"label"`
	Hint        *text  `json:"hint"`
	Placeholder *text  `json:"placeholder"`
	Title       *text  `json:"title"`
	Optional    bool   `json:"optional"`
	ImageURL    string `json:"image_url"`
	File        *struct {
		ID  string `json:"id"`
		URL string `json:"url"`
	} `json:"slack_file"`
	Alt string `json:"alt_text"`

	Value     string          `json:"value"`
	URL       string          `json:"url"`
	Style     json.RawMessage `json:"style"` // a word, or in rich text an object
	Options   []option        `json:"options"`
	Initial   *option         `json:"initial_option"`
	Initials  []option        `json:"initial_options"`
	Most      int             `json:"max_selected_items"`
	Multiline bool            `json:"multiline"`
	Min       int             `json:"min_length"`
	Max       int             `json:"max_length"`
	Filled    string          `json:"initial_value"`

	User     string `json:"user_id"`
	Channel  string `json:"channel_id"`
	Range    string `json:"range"`
	Name     string `json:"name"`
	Fallback string `json:"fallback"`
	Verbatim bool   `json:"verbatim"`
}

// text is a text object. In rich text it is a mere string.
type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji"`
	Verbatim bool   `json:"verbatim"`
}

func (t *text) UnmarshalJSON(raw []byte) error {
	if strings.HasPrefix(string(raw), `"`) {
		return json.Unmarshal(raw, &t.Text)
	}
	type whole text
	return json.Unmarshal(raw, (*whole)(t))
}

// option is one of a select. Its texts are plain.
type option struct {
	Text        text   `json:"text"`
	Value       string `json:"value"`
	Description *text  `json:"description"`
}

// readBlocks reads blocks and gives them the ids that the app did not. raw is how
// payloads have them.
func readBlocks(source string) (blocks []node, raw json.RawMessage, err error) {
	var tree []any
	if json.Unmarshal([]byte(source), &tree) != nil {
		return nil, nil, no("invalid_blocks_format")
	}
	for _, b := range tree {
		complete(b, "block_id")
	}
	raw = encode(tree)
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return nil, nil, no("invalid_blocks", "[ERROR] "+err.Error())
	}
	return blocks, raw, nil
}

// complete adds to a block, or to what is in one, what Slack adds.
func complete(v any, id string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			complete(item, id)
		}
	case map[string]any:
		kind, _ := v["type"].(string)
		switch {
		case kind == "plain_text" && v["emoji"] == nil:
			v["emoji"] = true
		case id == "block_id" || identified[kind]:
			if v[id] == nil {
				v[id] = secret()[:5]
			}
		}
		for _, part := range []string{"elements", "element", "accessory", "text", "label", "placeholder", "options", "title", "hint"} {
			complete(v[part], "action_id")
		}
	}
}

// identified are the elements that have an action_id.
var identified = map[string]bool{
	"button": true, "static_select": true, "multi_static_select": true, "plain_text_input": true,
}
