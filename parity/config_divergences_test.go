package parity

// configDivergences are the differences of DIVERGENCES.md that show in configurations.
var configDivergences = []struct {
	id    string
	match func(c configCase, ours, theirs string) bool
}{}

// permitted returns the id of the row of DIVERGENCES.md that a difference falls under, "" where there is none.
func permitted(c configCase, ours, theirs string) string {
	for _, d := range configDivergences {
		if d.match(c, ours, theirs) {
			return d.id
		}
	}
	return ""
}
