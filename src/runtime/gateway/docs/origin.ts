/** The address of the API in the texts as they are made. The gateway puts its own in the place of it. */
export const placeholderOrigin = 'https://api.example.com'
