package parity

import (
	"errors"
	"fmt"
	"testing"

	peer "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/purego-kafka/kafka"
)

// codes covers every code of both sides and, around and between them, codes that neither has.
const firstCode, lastCode = -1100, 1100

func TestErrorCodes(t *testing.T) {
	for n := firstCode; n <= lastCode; n++ {
		if got, want := kafka.ErrorCode(n).String(), peer.ErrorCode(n).String(); got != want {
			t.Errorf("ErrorCode(%d).String() = %q, the peer's is %q", n, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for n := firstCode; n <= lastCode; n++ {
		for _, text := range []string{"", "what happened", "100%s"} {
			for _, fatal := range []bool{false, true} {
				got, want := kafka.NewError(kafka.ErrorCode(n), text, fatal), peer.NewError(peer.ErrorCode(n), text, fatal)
				if g, w := errorFacts(got, int(got.Code())), errorFacts(want, int(want.Code())); g != w {
					t.Errorf("NewError(%d, %q, %v):\n ours %s\n peer %s", n, text, fatal, g, w)
				}
			}
		}
	}
}

// libraryError is what the Error types of both sides have in common.
type libraryError interface {
	error
	fmt.Stringer
	IsFatal() bool
	IsRetriable() bool
	IsTimeout() bool
	TxnRequiresAbort() bool
}

func errorFacts(e libraryError, code int) string {
	return fmt.Sprintf("code %d Error %q String %q printed %q fatal %v retriable %v timeout %v abort %v",
		code, e.Error(), e.String(), fmt.Sprint(e), e.IsFatal(), e.IsRetriable(), e.IsTimeout(), e.TxnRequiresAbort())
}

// TestErrorsCompare: programs compare errors with ==, and the values of both sides behave alike there.
func TestErrorsCompare(t *testing.T) {
	for _, c := range []struct {
		codes [2]int
		texts [2]string
		fatal [2]bool
	}{
		{codes: [2]int{3, 3}},
		{codes: [2]int{3, 4}},
		{codes: [2]int{3, 3}, texts: [2]string{"", "x"}},
		{codes: [2]int{3, 3}, texts: [2]string{"x", "x"}},
		{codes: [2]int{3, 3}, fatal: [2]bool{true, false}},
		{codes: [2]int{3, 3}, texts: [2]string{"x", "x"}, fatal: [2]bool{true, true}},
	} {
		ours := func(i int) error { return kafka.NewError(kafka.ErrorCode(c.codes[i]), c.texts[i], c.fatal[i]) }
		theirs := func(i int) error { return peer.NewError(peer.ErrorCode(c.codes[i]), c.texts[i], c.fatal[i]) }
		if got, want := ours(0) == ours(1), theirs(0) == theirs(1); got != want {
			t.Errorf("%+v: == is %v, the peer's is %v", c, got, want)
		}
	}
	// errors.As is how wrapped errors are read on both sides.
	var got kafka.Error
	var want peer.Error
	if !errors.As(fmt.Errorf("wrapped: %w", kafka.NewError(7, "x", false)), &got) || got.Code() != 7 ||
		!errors.As(fmt.Errorf("wrapped: %w", peer.NewError(7, "x", false)), &want) || want.Code() != 7 {
		t.Errorf("errors.As: ours %v, peer %v", got, want)
	}
}
