package core

import "testing"

func TestUserKey(t *testing.T) {
	tests := []struct {
		name string
		user User
		want string
	}{
		{"plain", User{Platform: "p", Team: "T", ID: "1"}, "p:T:1"},
		{"no team", User{Platform: "p", ID: "1"}, "p::1"},
		{"colons", User{Platform: "p", Team: "a:b", ID: ":"}, "p:a%3Ab:%3A"},
		{"percent", User{Platform: "p", ID: "%3A%"}, "p::%253A%25"},
		{"letters of any kind", User{Platform: "p", ID: "ä b+/?"}, "p::ä b+/?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.user.Key()
			if got != tt.want {
				t.Errorf("Key: got %q, want %q", got, tt.want)
			}
			if back, ok := UserOf(got); !ok || back != tt.user {
				t.Errorf("UserOf(%q): got %+v %v, want %+v", got, back, ok, tt.user)
			}
		})
	}
}

func TestUserOfWhatIsNoKey(t *testing.T) {
	for _, text := range []string{"", "p", "p:T", "p:T:1:2", ":T:1", "p:T:", "p:T:%", "p:%zz:1", "Ann"} {
		if u, ok := UserOf(text); ok {
			t.Errorf("UserOf(%q): got %+v, want none", text, u)
		}
	}
}

func TestUserIs(t *testing.T) {
	tests := []struct {
		name  string
		other User
		want  bool
	}{
		{"another name", User{Platform: "p", Team: "T", ID: "1", Name: "Ann", Locale: "de"}, true},
		{"another id", User{Platform: "p", Team: "T", ID: "2"}, false},
		{"another team", User{Platform: "p", ID: "1"}, false},
		{"another platform", User{Platform: "q", Team: "T", ID: "1"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (User{Platform: "p", Team: "T", ID: "1"}).Is(tt.other); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// Two chats never have one key, however their ids are cut.
func TestChatKeys(t *testing.T) {
	chats := []Chat{
		{Platform: "p", Team: "a", ID: "b:c"},
		{Platform: "p", Team: "a:b", ID: "c"},
		{Platform: "p", Team: "a", ID: "b", Thread: "c"},
		{Platform: "p:a", ID: "b", Thread: "c"},
		{Platform: "p", Team: "a%3Ab", ID: "c"},
		{Platform: "p", Team: "a", ID: "b%3Ac"},
	}
	seen := map[string]Chat{}
	for _, c := range chats {
		if other, taken := seen[c.Key()]; taken {
			t.Errorf("got key %q for %+v and %+v", c.Key(), c, other)
		}
		seen[c.Key()] = c
	}
	if got, want := chats[2].Key(), "p:a:b:c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
