package zitadel_test

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/internal/providertest"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

func option() emulator.Option { return zitadel.New() }

func TestScripts(t *testing.T) { providertest.Scripts(t, "../../testdata/script/zitadel", option) }

func TestProvider(t *testing.T) { providertest.Run(t, option) }
