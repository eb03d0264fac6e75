package slacktest

import (
	"slices"
	"testing"
)

func TestRichText(t *testing.T) {
	section := func(elements string) string { return `{"type":"rich_text_section","elements":[` + elements + `]}` }
	word := func(t string) string { return `{"type":"text","text":"` + t + `"}` }
	tests := []struct{ name, elements, want string }{
		{"text", section(word("*a* &amp; <b> :tada: ")), "*a* &amp; <b> :tada: "},
		{"styles", section(`{"type":"text","text":"a","style":{"bold":true,"code":true}}`), "a"},
		{"link", section(`{"type":"link","url":"https://x.example/"},{"type":"link","url":"https://x.example/","text":" x"}`), "https://x.example/ x"},
		{"people", section(`{"type":"user","user_id":"U1"},{"type":"channel","channel_id":"C1"},{"type":"channel","channel_id":"C9"}`), "@alice#general#unknown"},
		{"everybody", section(`{"type":"broadcast","range":"here"}`), "@here"},
		{"emoji", section(`{"type":"emoji","name":"tada"},{"type":"emoji","name":"nothing_such"}`), "🎉:nothing_such:"},
		{"moment", section(`{"type":"date","timestamp":1700000000,"format":"{date}","fallback":"14 Nov 2023"}`), "14 Nov 2023"},
		{"paragraphs", section(word("a")) + `,{"type":"rich_text_preformatted","elements":[` + word("b") + `]},{"type":"rich_text_quote","elements":[` + word("c") + `]}`, "a\nb\nc"},
		{"bullets", `{"type":"rich_text_list","style":"bullet","elements":[` + section(word("a")) + "," + section(word("b")) + `]}`, "• a\n• b"},
		{"numbers", `{"type":"rich_text_list","style":"ordered","elements":[` + section(word("a")) + "," + section(word("b")) + `]}`, "1. a\n2. b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			blocks, _, err := readBlocks(`[{"type":"rich_text","elements":[` + tt.elements + `]}]`)
			if err != nil {
				t.Fatal(err)
			}
			if bad := (&Server{}).checkBlocks(blocks, "/blocks", false); bad != nil {
				t.Errorf("got %q wrong, want nothing", bad)
			}
			r := newReader()
			if got := r.blocks(blocks); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if called := slices.Contains(r.calls, "here"); called != (tt.name == "everybody") {
				t.Errorf("got %q called", r.calls)
			}
		})
	}
}

func TestLeads(t *testing.T) {
	tests := []struct {
		name, link string
		want       bool
	}{
		{"the app", "slack://app?team=" + teamID + "&id=" + appID + "&tab=messages", true},
		{"the bot", "slack://user?team=" + teamID + "&id=" + botID, true},
		{"another team", "slack://user?team=T9&id=" + botID, false},
		{"by the web", "https://slack.com/app_redirect?app=" + appID + "&team=" + teamID, true},
		{"by the workspace", "https://acme.slack.com/app_redirect?app=" + appID, true},
		{"in the web client", "https://app.slack.com/client/" + teamID + "/D123", true},
		{"a channel", "https://app.slack.com/client/" + teamID + "/C123", false},
		{"elsewhere", "https://slack.com.example/app_redirect?app=" + appID, false},
		{"nowhere", "%", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (&Server{}).leads(tt.link); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
