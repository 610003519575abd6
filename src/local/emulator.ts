import type { FauxqsServer } from 'fauxqs'

/** SQS and S3 on this machine. @param dataDir where messages are kept; absent: in memory */
export async function startEmulator(options: { port: number; dataDir?: string }): Promise<FauxqsServer> {
  const { startFauxqs } = await import('fauxqs')
  return startFauxqs({ ...options, host: '127.0.0.1', logger: false, defaultRegion: 'ap-northeast-2' })
}
