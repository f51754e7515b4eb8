package kafka

import "strings"

// nameOf returns the name of a number, UNSUPPORTED where it has none.
func nameOf(names []string, n int) string {
	if n < 0 || n >= len(names) {
		return "UNSUPPORTED"
	}
	return names[n]
}

// fromName returns the number of a name in any case. The first name, UNKNOWN, is not one to ask for.
func fromName[T ~int](names []string, name, wrong string) (T, error) {
	for i, n := range names[1:] {
		if strings.ToUpper(name) == n {
			return T(i + 1), nil
		}
	}
	return 0, newErrorf(ErrInvalidArg, "%s", wrong)
}
