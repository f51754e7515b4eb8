package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	type ups = []kafka.UserScramCredentialUpsertion
	type dels = []kafka.UserScramCredentialDeletion
	up := func(user string, m kafka.ScramMechanism, n int, password, salt []byte) kafka.UserScramCredentialUpsertion {
		return kafka.UserScramCredentialUpsertion{User: user, ScramCredentialInfo: kafka.ScramCredentialInfo{Mechanism: m, Iterations: n}, Password: password, Salt: salt}
	}
	alter := func(t *T, a *kafka.AdminClient, label string, u ups, d dels) {
		ctx, cancel := ctxSec(20)
		defer cancel()
		res, err := a.AlterUserScramCredentials(ctx, u, d, kafka.SetAdminRequestTimeout(3*time.Second))
		t.ErrT(label, err)
		t.P("%s: nil %v", label, res.Errors == nil)
		var ls []string
		for user, e := range res.Errors {
			l := user + " " + kef(e)
			if e.Code() != kafka.ErrNoError { // the peer has no text for that
				l += " / " + e.String()
			}
			ls = append(ls, l)
		}
		sort.Strings(ls)
		for _, l := range ls {
			t.P("%s: %s", label, l)
		}
	}
	describe := func(t *T, a *kafka.AdminClient, label string, users []string) {
		ctx, cancel := ctxSec(20)
		defer cancel()
		res, err := a.DescribeUserScramCredentials(ctx, users, kafka.SetAdminRequestTimeout(3*time.Second))
		t.ErrT(label, err)
		t.P("%s: nil %v", label, res.Descriptions == nil)
		var ls []string
		for user, d := range res.Descriptions {
			// A broker orders them as its hash map has them.
			sort.Slice(d.ScramCredentialInfos, func(i, j int) bool { return d.ScramCredentialInfos[i].Mechanism < d.ScramCredentialInfos[j].Mechanism })
			ls = append(ls, fmt.Sprintf("%s user %s %s %v nil %v / %s", user, d.User, kef(d.Error), d.ScramCredentialInfos, d.ScramCredentialInfos == nil, d.Error))
		}
		sort.Strings(ls)
		for _, l := range ls {
			t.P("%s: %s", label, l)
		}
	}

	reg("scram.local_checks", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		pw := []byte("pw")
		alter(t, a, "no user", ups{up("", kafka.ScramMechanismSHA256, 4096, pw, nil)}, nil)
		alter(t, a, "mechanism unknown", ups{up("u", kafka.ScramMechanismUnknown, 4096, pw, nil)}, nil)
		alter(t, a, "no iterations", ups{up("u", kafka.ScramMechanismSHA256, 0, pw, nil)}, nil)
		alter(t, a, "negative iterations", ups{up("u", kafka.ScramMechanismSHA256, -1, pw, nil)}, nil)
		alter(t, a, "delete no user", nil, dels{{User: "", Mechanism: kafka.ScramMechanismSHA256}})
		alter(t, a, "delete mechanism unknown", nil, dels{{User: "u"}})
		describe(t, a, "no user", []string{""})
		describe(t, a, "twice", []string{"u", "u"})
	})

	reg("scram.broker_checks", func(t *T) {
		a, user := t.Admin(), t.Name("user")
		pw := []byte("pw")
		alter(t, a, "few iterations", ups{up(user, kafka.ScramMechanismSHA256, 100, pw, nil)}, nil)
		alter(t, a, "many iterations", ups{up(user, kafka.ScramMechanismSHA256, 100000, pw, nil)}, nil)
		alter(t, a, "two mechanisms", ups{up(user, kafka.ScramMechanismSHA256, 4096, pw, []byte("salt")), up(user, kafka.ScramMechanismSHA512, 5000, pw, nil)}, nil)
		alter(t, a, "one mechanism", ups{up(user, kafka.ScramMechanismSHA512, 4096, pw, []byte("salt"))}, nil)
		alter(t, a, "another mechanism", ups{up(user, kafka.ScramMechanismSHA256, 5000, pw, nil)}, nil)
		waitFor(10*time.Second, func() bool {
			ctx, cancel := ctxSec(5)
			defer cancel()
			res, err := a.DescribeUserScramCredentials(ctx, []string{user})
			return err == nil && len(res.Descriptions[user].ScramCredentialInfos) == 2
		})
		describe(t, a, "two mechanisms", []string{user})
		describe(t, a, "and a missing one", []string{t.Name("none"), user})
		alter(t, a, "the same twice", ups{up(user, kafka.ScramMechanismSHA256, 4096, pw, nil), up(user, kafka.ScramMechanismSHA256, 5000, pw, nil)}, nil)
		alter(t, a, "set and delete", ups{up(user, kafka.ScramMechanismSHA256, 4096, pw, nil)}, dels{{User: user, Mechanism: kafka.ScramMechanismSHA256}})
		alter(t, a, "delete a missing user", nil, dels{{User: t.Name("none"), Mechanism: kafka.ScramMechanismSHA256}})
		alter(t, a, "one good of two", ups{up(t.Name("few"), kafka.ScramMechanismSHA256, 10, pw, nil)}, dels{{User: user, Mechanism: kafka.ScramMechanismSHA256}})
		alter(t, a, "the other", nil, dels{{User: user, Mechanism: kafka.ScramMechanismSHA512}})
	})

	reg("scram.password_forms", func(t *T) {
		a, user := t.Admin(), t.Name("user")
		alter(t, a, "nil salt", ups{up(user, kafka.ScramMechanismSHA256, 4096, []byte("pw"), nil)}, nil)
		t.panics("empty salt", func() {
			alter(t, a, "empty salt", ups{up(user, kafka.ScramMechanismSHA256, 4096, []byte("pw"), []byte{})}, nil)
		})
		t.panics("nil password", func() {
			alter(t, a, "nil password", ups{up(user, kafka.ScramMechanismSHA256, 4096, nil, nil)}, nil)
		})
		t.panics("empty password", func() {
			alter(t, a, "empty password", ups{up(user, kafka.ScramMechanismSHA256, 4096, []byte{}, nil)}, nil)
		})
		alter(t, a, "gone", nil, dels{{User: user, Mechanism: kafka.ScramMechanismSHA256}})
	})

	reg("scram.describe_all", func(t *T) {
		a, user := t.Admin(), t.Name("user")
		alter(t, a, "set", ups{up(user, kafka.ScramMechanismSHA512, 4096, []byte("pw"), nil)}, nil)
		for _, users := range [][]string{nil, {}} {
			ok := waitFor(10*time.Second, func() bool {
				ctx, cancel := ctxSec(5)
				defer cancel()
				res, err := a.DescribeUserScramCredentials(ctx, users)
				return err == nil && len(res.Descriptions[user].ScramCredentialInfos) == 1
			})
			t.P("there %v", ok)
		}
		alter(t, a, "gone", nil, dels{{User: user, Mechanism: kafka.ScramMechanismSHA512}})
	})

	reg("scram.names", func(t *T) {
		for i := -1; i < 4; i++ {
			t.P("%d %s", i, kafka.ScramMechanism(i))
		}
	})
}
