package slack

import (
	"encoding/json"
	"fmt"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
)

// Limits of a modal that core does not know.
const (
	maxHint  = 2000
	maxInput = 3000
)

// modal is a form as Slack takes it.
func modal(f core.Form, from origin) (api.ModalViewRequest, error) {
	from.Token = f.Do.Token().Reveal()
	metadata, err := json.Marshal(from)
	if err != nil {
		return api.ModalViewRequest{}, fmt.Errorf("encode form: %w", err)
	}
	view := api.ModalViewRequest{
		Type: api.VTModal, Title: exact(named("…", f.Title)), Submit: exact("Submit"), Close: exact("Cancel"),
		PrivateMetadata: string(metadata),
	}
	for _, i := range f.Inputs {
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, inputOf(i))
	}
	return view, nil
}

// inputOf is one input; its block has its name.
func inputOf(i core.Input) api.Block {
	block := api.NewInputBlock(i.Name, exact(named("…", i.Label)), nil, elementOf(i))
	if i.Hint != "" {
		block.Hint = exact(cut(i.Hint, maxHint))
	}
	block.Optional = i.Optional
	return block
}

// elementOf is what an input is filled in with.
func elementOf(i core.Input) api.BlockElement {
	if len(i.Choices) > 0 {
		pick := api.NewOptionsSelectBlockElement(api.OptTypeStatic, nil, "value", options(i.Choices)...)
		for _, o := range pick.Options {
			if o.Value == i.Value && i.Value != "" {
				pick.InitialOption = o
			}
		}
		return pick
	}
	text := api.NewPlainTextInputBlockElement(nil, "value")
	text.Multiline, text.InitialValue, text.MaxLength = i.Long, i.Value, min(i.Max, maxInput)
	return text
}
