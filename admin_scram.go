package kafka

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ScramMechanism is a SASL/SCRAM mechanism.
type ScramMechanism int

// SCRAM mechanisms.
const (
	ScramMechanismUnknown ScramMechanism = 0
	ScramMechanismSHA256  ScramMechanism = 1
	ScramMechanismSHA512  ScramMechanism = 2
)

var scramNames = []string{"UNKNOWN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

// String returns the name, UNKNOWN for a number without one.
func (o ScramMechanism) String() string {
	if o < 0 || int(o) >= len(scramNames) {
		return scramNames[ScramMechanismUnknown]
	}
	return scramNames[o]
}

// ScramMechanismFromString returns the mechanism of this name in any case; ErrInvalidArg for any other.
func ScramMechanismFromString(mechanism string) (ScramMechanism, error) {
	return fromName[ScramMechanism](scramNames, strings.ToUpper(mechanism), "Unknown SCRAM mechanism")
}

// ScramCredentialInfo is what brokers tell of a credential.
type ScramCredentialInfo struct {
	Iterations int
	Mechanism  ScramMechanism
}

// UserScramCredentialsDescription are the credentials of one user.
type UserScramCredentialsDescription struct {
	User                 string
	ScramCredentialInfos []ScramCredentialInfo
	Error                Error // ErrResourceNotFound for a user without credentials
}

// UserScramCredentialUpsertion sets a credential. Iterations must be between what the broker allows, 4096 and 16384
// with Kafka's defaults. A nil Salt is drawn at random. The password is salted here; brokers never see it.
type UserScramCredentialUpsertion struct {
	User                string
	ScramCredentialInfo ScramCredentialInfo
	Password            []byte
	Salt                []byte
}

// UserScramCredentialDeletion deletes a credential.
type UserScramCredentialDeletion struct {
	User      string
	Mechanism ScramMechanism
}

// DescribeUserScramCredentialsResult is what DescribeUserScramCredentials returns, by user.
type DescribeUserScramCredentialsResult struct {
	Descriptions map[string]UserScramCredentialsDescription
}

// DescribeUserScramCredentials describes the credentials of users, of all with an empty list. See [AdminClient] for how
// calls wait. ErrInvalidArg: an empty name, a user given twice.
func (a *AdminClient) DescribeUserScramCredentials(ctx context.Context, users []string, options ...DescribeUserScramCredentialsAdminOption) (result DescribeUserScramCredentialsResult, err error) {
	result.Descriptions = map[string]UserScramCredentialsDescription{}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	req := kmsg.NewPtrDescribeUserSCRAMCredentialsRequest()
	seen := map[string]bool{}
	for i, u := range users {
		if u == "" {
			return result, newErrorf(ErrInvalidArg, "Empty users aren't allowed, index %d", i)
		}
		if seen[u] {
			return result, newErrorf(ErrInvalidArg, "Duplicate users aren't allowed in the same request")
		}
		seen[u] = true
		ru := kmsg.NewDescribeUserSCRAMCredentialsRequestUser()
		ru.Name = u
		req.Users = append(req.Users, ru)
	}
	resp, err := request[*kmsg.DescribeUserSCRAMCredentialsResponse](call, req)
	if err != nil {
		return result, err
	}
	if resp.ErrorCode != 0 {
		return result, itemError(resp.ErrorCode, resp.ErrorMessage)
	}
	for _, u := range resp.Results {
		d := UserScramCredentialsDescription{User: u.User, Error: itemError(u.ErrorCode, nil)}
		if u.ErrorCode == 0 {
			d.ScramCredentialInfos = []ScramCredentialInfo{}
			for _, c := range u.CredentialInfos {
				d.ScramCredentialInfos = append(d.ScramCredentialInfos, ScramCredentialInfo{Iterations: int(c.Iterations), Mechanism: ScramMechanism(c.Mechanism)})
			}
		}
		result.Descriptions[u.User] = d
	}
	return result, nil
}

// AlterUserScramCredentialsResult is what AlterUserScramCredentials returns, by user.
type AlterUserScramCredentialsResult struct {
	Errors map[string]Error
}

// scramSaltSize is the size of a salt that is drawn here.
const scramSaltSize = 64

// AlterUserScramCredentials sets and deletes credentials, of a user only one at a time. See [AdminClient] for how calls
// wait. ErrInvalidArg: nothing to do, an empty name, an unknown mechanism, no iterations, an empty password, an empty
// salt that is not nil.
func (a *AdminClient) AlterUserScramCredentials(ctx context.Context, upsertions []UserScramCredentialUpsertion, deletions []UserScramCredentialDeletion, options ...AlterUserScramCredentialsAdminOption) (result AlterUserScramCredentialsResult, err error) {
	result.Errors = map[string]Error{}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	if len(upsertions)+len(deletions) == 0 {
		return result, newErrorf(ErrInvalidArg, "At least one alteration is required")
	}
	req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	for i, u := range upsertions {
		if err := u.check(i); err != nil {
			return result, err
		}
		ru, err := u.request()
		if err != nil {
			return result, err
		}
		req.Upsertions = append(req.Upsertions, ru)
	}
	for i, d := range deletions {
		if err := checkScram(d.User, d.Mechanism, len(upsertions)+i); err != nil {
			return result, err
		}
		rd := kmsg.NewAlterUserSCRAMCredentialsRequestDeletion()
		rd.Name, rd.Mechanism = d.User, int8(d.Mechanism)
		req.Deletions = append(req.Deletions, rd)
	}
	resp, err := request[*kmsg.AlterUserSCRAMCredentialsResponse](call, req)
	if err != nil {
		return result, err
	}
	for _, r := range resp.Results {
		result.Errors[r.User] = itemError(r.ErrorCode, r.ErrorMessage)
	}
	return result, nil
}

// checkScram checks what both kinds of alteration have. index counts over both.
func checkScram(user string, mechanism ScramMechanism, index int) error {
	if user == "" {
		return newErrorf(ErrInvalidArg, "Empty user at index %d", index)
	}
	if mechanism != ScramMechanismSHA256 && mechanism != ScramMechanismSHA512 {
		return newErrorf(ErrInvalidArg, "SCRAM mechanism must be specified at index %d", index)
	}
	return nil
}

func (u UserScramCredentialUpsertion) check(index int) error {
	if err := checkScram(u.User, u.ScramCredentialInfo.Mechanism, index); err != nil {
		return err
	}
	if u.ScramCredentialInfo.Iterations <= 0 {
		return newErrorf(ErrInvalidArg, "Non-positive iterations at index %d", index)
	}
	if len(u.Password) == 0 {
		return newErrorf(ErrInvalidArg, "Empty password at index %d", index)
	}
	if u.Salt != nil && len(u.Salt) == 0 {
		return newErrorf(ErrInvalidArg, "Empty salt at index %d: leave it nil to have one drawn", index)
	}
	return nil
}

// request salts the password.
func (u UserScramCredentialUpsertion) request() (kmsg.AlterUserSCRAMCredentialsRequestUpsertion, error) {
	r := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
	r.Name, r.Mechanism, r.Iterations = u.User, int8(u.ScramCredentialInfo.Mechanism), int32(u.ScramCredentialInfo.Iterations)
	if r.Salt = u.Salt; r.Salt == nil {
		r.Salt = make([]byte, scramSaltSize)
		_, _ = rand.Read(r.Salt) // never fails
	}
	var err error
	if u.ScramCredentialInfo.Mechanism == ScramMechanismSHA512 {
		r.SaltedPassword, err = pbkdf2.Key(sha512.New, string(u.Password), r.Salt, u.ScramCredentialInfo.Iterations, sha512.Size)
	} else {
		r.SaltedPassword, err = pbkdf2.Key(sha256.New, string(u.Password), r.Salt, u.ScramCredentialInfo.Iterations, sha256.Size)
	}
	if err != nil {
		return r, newErrorf(ErrInvalidArg, "Salting the password of %s: %v", u.User, err).withCause(err)
	}
	return r, nil
}
