/** The text of a secret in AWS Secrets Manager. The SDK is loaded only by those who keep something there. */
export async function secretText(SecretId: string, region: string | undefined): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient({ ...(region !== undefined && { region }), maxAttempts: 3 })
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }))
    return SecretString
  } finally {
    client.destroy()
  }
}
