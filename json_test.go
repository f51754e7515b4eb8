package kafka

import (
	"encoding/json"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
)

// TestAppendJSON compares with encoding/json: what is written means the same, for statistics with any values, and
// tokens.
func TestAppendJSON(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewSource(1))
	values := []any{
		Statistics{}, &Statistics{Group: &GroupStats{}, EOS: &ExactlyOnceStats{}}, (*Statistics)(nil),
		map[string]any{"sub": "a \"name\" \\ with\n\x00\x1f<&> ü \u2028 \xff", "scope": []string{"x", "y"}, "none": []string{}},
	}
	for range 200 {
		v, ok := quick.Value(reflect.TypeFor[Statistics](), random)
		if !ok {
			t.Fatal("no random statistics")
		}
		values = append(values, v.Interface())
	}
	for _, v := range values {
		text := appendJSON(nil, reflect.ValueOf(v))
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(parsed(t, text), parsed(t, want)) {
			t.Fatalf("%s\nwant %s", text, want)
		}
	}
}

func parsed(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
