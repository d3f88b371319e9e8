// Mints a Postern link: POSTERN_TOKEN_KEY=… go run mint.go KEY_ID HOST SCOPE REGION LIFETIME_S once|many [CUSTOMER_REF]
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"time"
)

func mac(key []byte, message string) []byte {
	hash := hmac.New(sha256.New, key)
	hash.Write([]byte(message))
	return hash.Sum(nil)
}

func subjectOf(subjectKey []byte, customerRef string) []byte {
	return mac(subjectKey, customerRef)[:12]
}

func mint(tokenKey []byte, keyID uint8, host string, scope uint16, region uint8, lifetimeS uint32, singleUse bool, subject []byte) string {
	signed := make([]byte, 21, 49)
	signed[0] = 1 << 4
	if singleUse {
		signed[0] |= 1
	}
	if subject != nil {
		signed[0] |= 2
	}
	signed[1] = keyID
	binary.BigEndian.PutUint32(signed[2:], uint32(time.Now().Unix())+lifetimeS)
	binary.BigEndian.PutUint16(signed[6:], scope)
	signed[8] = region
	if _, err := rand.Read(signed[9:]); err != nil {
		panic(err)
	}
	signed = append(signed, subject...)
	tag := mac(tokenKey, "postern/token/v1"+host+string(signed))[:16]
	return base64.RawURLEncoding.EncodeToString(append(signed, tag...))
}

func secret(name string) []byte {
	key, err := base64.RawURLEncoding.DecodeString(os.Getenv(name))
	if err != nil || len(key) != 32 {
		panic(name + " is not a key")
	}
	return key
}

func number(text string, bits int) uint64 {
	value, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	keyID, host, scope, region, lifetimeS, usage := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]
	var subject []byte
	if len(os.Args) > 7 {
		subject = subjectOf(secret("POSTERN_SUBJECT_KEY"), os.Args[7])
	}
	token := mint(secret("POSTERN_TOKEN_KEY"), uint8(number(keyID, 8)), host, uint16(number(scope, 16)),
		uint8(number(region, 8)), uint32(number(lifetimeS, 32)), usage == "once", subject)
	fmt.Printf("https://%s/l/%s\n", host, token)
}
