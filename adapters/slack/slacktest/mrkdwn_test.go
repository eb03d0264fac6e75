package slacktest

import (
	"strings"
	"testing"
)

func newReader() *reader {
	s := &Server{
		people: map[string]*person{}, users: map[string]*person{}, channels: map[string]*channel{}, places: map[string]*channel{},
	}
	s.newPerson("alice", "U1")
	s.places["#general"] = &channel{id: "C1", name: "general"}
	s.channels["C1"] = s.places["#general"]
	s.me = s.newPerson("usher", botID)
	return &reader{s: s}
}

func TestMrkdwn(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "hello, world", "hello, world"},
		{"escapes", "a &lt;b&gt; &amp;amp; & c", "a <b> &amp; & c"},
		{"bold, italic, struck", "*a b* _c_ ~d~", "a b c d"},
		{"nested", "*a _b_ c* _*d*_", "a b c d"},
		{"code", "run `ls *x* &amp;`!", "run ls *x* &!"},
		{"within a word", "a*b*c d_e_f g`h`i", "a*b*c d_e_f g`h`i"},
		{"beside spaces", "2 * 3 * 4 _ x _", "2 * 3 * 4 _ x _"},
		{"not over lines", "*a\nb*", "*a\nb*"},
		{"of nothing", "** __ `` ~~", "** __ `` ~~"},
		{"what is in code closes nothing", "*a `b*` c*", "a b* c"},
		{"separated before", "\u200b*a\u200b* \u200b_b\u200b_", "*a* _b_"},
		{"separated after", "*\u200ba*\u200b `\u200bb`\u200b", "*a* `b`"},
		{"separated within a word", "a\u200b*b*\u200bc", "abc"},
		{"another separator", "a\u200bb", "a\u200bb"},
		{"block", "a\n```\n*x*\n  y &lt;\n```\nb", "a\n*x*\n  y <\nb"},
		{"block in a line", "a ```x``` b", "a \nx\n b"},
		{"block of nothing", "``````", "``````"},
		{"separated block", "`\u200b`\u200b`\u200bx`\u200b`\u200b`", "```x```"},
		{"quote", "&gt; a *b*\n>c\nd &gt; e", "a b\nc\nd > e"},
		{"long quote", "&gt;&gt;&gt; a\n&gt; b", "a\n> b"},
		{"separated quote", "\u200b&gt; a", "> a"},
		{"link", "<https://example.com/?a=b&amp;c|a *label*>, <https://example.com/>", "a *label*, https://example.com/"},
		{"bold link", "*<https://example.com|label>*", "label"},
		{"mail", "<mailto:a@b.example|a@b.example>", "a@b.example"},
		{"people and channels", "<@U1> and <@U1|x> in <#C1> and <#C1|old>, <@U9>", "@alice and @alice in #general and #general, @unknown"},
		{"everybody", "<!here> <!channel|all> <!subteam^S1|@team>", "@here all @team"},
		{"moment", "at <!date^1700000000^{date} {time}|14 Nov 2023 22:13 UTC>", "at 14 Nov 2023 22:13 UTC"},
		{"emoji", ":tada: a:100:b :nothing_such: 12:30:45 :a\u200b:", "🎉 a💯b :nothing_such: 12:30:45 :a:"},
		{"no control", "a < b > c", "a < b > c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newReader().mrkdwn(tt.text, true); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCalls(t *testing.T) {
	tests := []struct {
		name, text string
		verbatim   bool
		want       string
	}{
		{"nobody", "hello @alice", true, ""},
		{"a person", "<@U1>", true, "U1"},
		{"everybody", "<!here> <!channel>", true, "here channel"},
		{"verbatim", "@here @everyone", true, ""},
		{"searched", "@here", false, "here"},
		{"searched and kept apart", "@\u200bhere", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader()
			r.mrkdwn(tt.text, tt.verbatim)
			if got := strings.Join(r.calls, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPlainText(t *testing.T) {
	off := false
	tests := []struct {
		name string
		text text
		want string
	}{
		{"marks", text{Text: "<b>*x*</b> & `y`"}, "<b>*x*</b> & `y`"},
		{"escapes", text{Text: "&lt;b&gt; &amp;amp;"}, "<b> &amp;"},
		{"emoji", text{Text: ":tada: :a\u200b:"}, "🎉 :a:"},
		{"no emoji", text{Text: ":tada:", Emoji: &off}, ":tada:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newReader().plain(&tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCompose(t *testing.T) {
	tests := []struct {
		name, typed, want string
		toMe              bool
	}{
		{"plain", "  a <b> & c ", "a &lt;b&gt; &amp; c", false},
		{"people", "@alice and @Usher: hi a@b.example", "<@U1> and <@" + botID + ">: hi a@b.example", true},
		{"everybody", "@here (@channel)", "<!here> (@channel)", false},
		{"channels", "#general #nowhere", "<#C1|general> #nowhere", false},
		{"addresses", "[x](https://example.com/?a=b&c=d). https://example.com!", "[x](<https://example.com/?a=b&amp;c=d>). <https://example.com>!", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newReader().s.compose(tt.typed); got.text != tt.want || got.toMe != tt.toMe {
				t.Errorf("got %q, to the bot %v, want %q, %v", got.text, got.toMe, tt.want, tt.toMe)
			}
		})
	}
}
