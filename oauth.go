package kafka

import "time"

// OAuthBearerToken is a token for SASL/OAUTHBEARER.
type OAuthBearerToken struct {
	TokenValue string
	Expiration time.Time
	Principal  string
	Extensions map[string]string
}
