// The core of Vault with its KV engine, in memory: what the store `vault` talks to, without the rest of Vault.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/hashicorp/go-hclog"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

func main() {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	check(err)
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		Logger:             logger,
		DisableMlock:       true,
		BuiltinRegistry:    builtins{},
		LogicalBackends:    map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends: map[string]logical.Factory{"approle": approle.Factory},
	})
	check(err)
	made, err := core.Initialize(context.Background(), &vault.InitParams{
		BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
	})
	check(err)
	key := made.SecretShares[0]
	_, err = core.Unseal(key)
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(map[string]string{
		"address":   "http://" + listener.Addr().String(),
		"token":     made.RootToken,
		"unsealKey": hex.EncodeToString(key),
	}))
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: &configutil.Listener{}})
	check(http.Serve(listener, handler))
}

// builtins are the plugins that this core has compiled in.
type builtins struct{}

func factoryOf(name string, kind consts.PluginType) logical.Factory {
	switch {
	case kind == consts.PluginTypeSecrets && name == "kv":
		return kv.Factory
	case kind == consts.PluginTypeCredential && name == "approle":
		return approle.Factory
	}
	return nil
}

func (builtins) Contains(name string, kind consts.PluginType) bool {
	return factoryOf(name, kind) != nil
}

func (builtins) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory := factoryOf(name, kind)
	return func() (interface{}, error) { return factory, nil }, factory != nil
}

func (builtins) Keys(kind consts.PluginType) []string {
	switch kind {
	case consts.PluginTypeSecrets:
		return []string{"kv"}
	case consts.PluginTypeCredential:
		return []string{"approle"}
	}
	return nil
}

func (builtins) DeprecationStatus(string, consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, true
}

func (builtins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
