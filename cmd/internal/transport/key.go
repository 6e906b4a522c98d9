package transport

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
)

var (
	errNoKey       = errors.New("it holds no key in PEM form")
	errNoPassword  = errors.New("the key is encrypted: give its password")
	errBadPassword = errors.New("the password does not open the key")
)

// plainKey returns a key file's key without its password, in PEM form. It reads what
// OpenSSL writes: PKCS #8 with PBES2 and PBKDF2, and the older form whose headers name
// the cipher.
func plainKey(text []byte, password string) ([]byte, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY":
			return opened("PRIVATE KEY", password, func() ([]byte, error) { return decryptPKCS8(block.Bytes, password) })
		case block.Headers["DEK-Info"] != "":
			//lint:ignore SA1019 it is what OpenSSL before 1.0 wrote, and what operators have
			return opened(block.Type, password, func() ([]byte, error) { return x509.DecryptPEMBlock(block, []byte(password)) })
		case block.Type == "PRIVATE KEY" || block.Type == "RSA PRIVATE KEY" || block.Type == "EC PRIVATE KEY":
			return text, nil
		}
	}
	return nil, errNoKey
}

// opened decrypts a key and gives it back in PEM form.
func opened(kind, password string, decrypt func() ([]byte, error)) ([]byte, error) {
	if password == "" {
		return nil, errNoPassword
	}
	der, err := decrypt()
	if errors.Is(err, x509.IncorrectPasswordError) {
		err = errBadPassword
	}
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), nil
}

// The forms of RFC 5958 and RFC 8018.
type (
	encryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2 struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	kdf   struct {
		Salt       []byte
		Iterations int
		Length     int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// prfs are the functions of PBKDF2. The one that is not named is SHA-1.
var prfs = map[string]func() hash.Hash{
	"": sha1.New, "1.2.840.113549.2.7": sha1.New,
	"1.2.840.113549.2.9": sha256.New, "1.2.840.113549.2.10": sha512.New384, "1.2.840.113549.2.11": sha512.New,
}

// keyCiphers are the ciphers, all with CBC, and the lengths of their keys.
var keyCiphers = map[string]struct {
	length int
	make   func([]byte) (cipher.Block, error)
}{
	"2.16.840.1.101.3.4.1.2": {16, aes.NewCipher}, "2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher}, "1.2.840.113549.3.7": {24, des.NewTripleDESCipher},
}

// mostIterations bounds how long a hostile file can keep us busy.
const mostIterations = 10_000_000

func decryptPKCS8(der []byte, password string) ([]byte, error) {
	var e encryptedKey
	var scheme pbes2
	var derive kdf
	var iv []byte
	if _, err := asn1.Unmarshal(der, &e); err != nil {
		return nil, fmt.Errorf("the encrypted key is damaged: %w", err)
	}
	if !e.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, fmt.Errorf("the key is encrypted in a way that is not known here (%v): write it anew with openssl pkcs8 -topk8 -v2 aes256", e.Algorithm.Algorithm)
	}
	if _, err := asn1.Unmarshal(e.Algorithm.Parameters.FullBytes, &scheme); err != nil {
		return nil, fmt.Errorf("the encrypted key is damaged: %w", err)
	}
	how, known := keyCiphers[scheme.Cipher.Algorithm.String()]
	if !known || !scheme.KDF.Algorithm.Equal(oidPBKDF2) {
		return nil, fmt.Errorf("the key is encrypted in a way that is not known here (%v, %v): write it anew with openssl pkcs8 -topk8 -v2 aes256",
			scheme.KDF.Algorithm, scheme.Cipher.Algorithm)
	}
	_, errKDF := asn1.Unmarshal(scheme.KDF.Parameters.FullBytes, &derive)
	_, errIV := asn1.Unmarshal(scheme.Cipher.Parameters.FullBytes, &iv)
	prf, knownPRF := prfs[derive.PRF.Algorithm.String()]
	if errKDF != nil || errIV != nil || !knownPRF || derive.Iterations < 1 || derive.Iterations > mostIterations {
		return nil, errors.New("the encrypted key is damaged, or encrypted in a way that is not known here: write it anew with openssl pkcs8 -topk8 -v2 aes256")
	}
	key, err := pbkdf2.Key(prf, password, derive.Salt, derive.Iterations, how.length)
	if err != nil {
		return nil, fmt.Errorf("derive the key: %w", err)
	}
	block, err := how.make(key)
	if err != nil {
		return nil, fmt.Errorf("derive the key: %w", err)
	}
	return unpadded(block, iv, e.Data)
}

// unpadded decrypts and takes the padding off, by which a wrong password shows, nearly always.
func unpadded(block cipher.Block, iv, data []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, errors.New("the encrypted key is damaged")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size {
		return nil, errBadPassword
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, errBadPassword
		}
	}
	plain = plain[:len(plain)-pad]
	if _, err := x509.ParsePKCS8PrivateKey(plain); err != nil {
		return nil, errBadPassword
	}
	return plain, nil
}
