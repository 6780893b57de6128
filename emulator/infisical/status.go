package infisical

import (
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

type statusResponse struct {
	Date                      kit.Timestamp `json:"date"`
	Message                   string        `json:"message"`
	EmailConfigured           bool          `json:"emailConfigured"`
	InviteOnlySignup          bool          `json:"inviteOnlySignup"`
	RedisConfigured           bool          `json:"redisConfigured"`
	SecretScanningConfigured  bool          `json:"secretScanningConfigured"`
	MaxIdentityAccessTokenTTL float64       `json:"maxIdentityAccessTokenTTL"`
}

// getStatus tells anybody that the instance is up.
// https://infisical.com/docs/self-hosting/configuration/envs
func (p *Provider) getStatus(c *kernel.Call, _ struct{}) (statusResponse, error) {
	return statusResponse{Date: kit.Timestamp(c.Now), Message: "Ok", RedisConfigured: true, MaxIdentityAccessTokenTTL: maxTokenAge}, nil
}
