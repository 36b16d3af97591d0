package cluster

import "testing"

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"web", "web", 0}, {"web", "wed", 1}, {"web", "we", 1}, {"kitten", "sitting", 3},
	} {
		if Distance(tt.a, tt.b) != tt.want || Distance(tt.b, tt.a) != tt.want {
			t.Errorf("%q, %q: %d and %d, want %d", tt.a, tt.b, Distance(tt.a, tt.b), Distance(tt.b, tt.a), tt.want)
		}
	}
}
